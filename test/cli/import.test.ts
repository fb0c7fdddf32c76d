import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

const folder = mkdtempSync(join(tmpdir(), 'faultbook-import-'));

test('import shows the faults of a trace by kind, process and function', async () => {
  const file = join(folder, 'trace');
  writeFileSync(file, '  ls-7  [000] d....  1.5: page_fault_user: address=0x1000 ip=main error_code=0x6\n');
  const { code, stdout } = await faultbook(['import', file], '.');
  expect(code).toBe(0);
  expect(stdout).toBe(
    [
      'ftrace: 1 fault on 1 page in 0 s',
      '  faults  kind',
      '       1  user write, not present',
      '  faults  process',
      '       1  ls (7)',
      '  faults  function',
      '       1  main',
      '',
    ].join('\n'),
  );
});

test('import knows entries of pagemap by their bytes', async () => {
  const file = join(folder, 'pagemap');
  writeFileSync(file, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0x81]));
  const { stdout } = await faultbook(['import', file, '--json'], '.');
  expect(JSON.parse(stdout)).toEqual({
    file,
    source: 'pagemap',
    pages: 1,
    kinds: [{ kind: 'anonymous', pages: 1, softDirty: 0, exclusive: 1, uffdWp: 0 }],
  });
});

test('import says of a file that is not there, and of one that it does not understand, what is wrong', async () => {
  const missing = await faultbook(['import', join(folder, 'nowhere')], '.');
  expect(missing).toMatchObject({ code: 2, stdout: '' });
  expect(missing.stderr).toMatch(/^faultbook: .*nowhere: no such file\n$/);
  const other = await faultbook(['import', 'README.md'], '.');
  expect(other).toMatchObject({ code: 2, stdout: '' });
  expect(other.stderr).toMatch(/^faultbook: README\.md holds no event and no mapping; allowed: .*\n$/);
});
