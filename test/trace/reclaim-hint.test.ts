import { expect, test } from 'vitest';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import type { RecordedOperation, RecordedPage } from '../../kernel-lib/trace/recording.js';
import { reclaimHint } from '../../kernel-lib/trace/reclaim-hint.js';

const present: RecordedPage = ['PX', 1, 'umab', 1];
const gone: RecordedPage = ['S', 's1'];

function after(pages: readonly RecordedPage[], inc: string): RecordedOperation {
  const pg = pages.map((page) => [1, page] as const);
  const mapping = { r: 2, i: 5, n: pages.length, pr: 'rw-p', o: 0, fl: '', sm: {}, pg };
  const line = 'reclaim';
  const operation = { name: line, line } as const;
  return {
    i: 0,
    op: line,
    operation,
    ret: 0,
    err: 0,
    vm: {},
    S: { 3: [mapping] },
    O: [{ o: 1, size: 3, blocks: 3, inc }],
  };
}

test('the pages that reclaim took were present before and are not after', () => {
  const hint = reclaimHint(after([present, present, gone], '111'), after([gone, present, gone], '101'));
  expect(hint).toEqual({
    pages: [{ process: 3, region: 2, index: 5 }],
    objectPages: [{ object: 1, index: 1 }],
  });
});

test('in the recordings reclaim takes pages, and never one that stays', async () => {
  let taken = 0;
  for await (const { program } of recordings.programs({ kernel: 'amd64-6.1', profile: ['swap', 'mixed'] })) {
    program.operations.forEach((recorded, at) => {
      if (recorded.operation.name !== 'reclaim' || at === 0) return;
      taken += reclaimHint(program.operations[at - 1]!, recorded).pages.length;
      expect(reclaimHint(recorded, recorded)).toEqual({ pages: [], objectPages: [] });
    });
  }
  expect(taken).toBeGreaterThan(50);
});
