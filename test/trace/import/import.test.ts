import { expect, test } from 'vitest';
import { importPagemap, importText } from '../../../kernel-lib/trace/import/import.js';

/** As `perf record -e minor-faults,page-faults -c 1 ls; perf script` prints them. */
const perf = `
              ls 29156 70573.617206:          1  page-faults:  ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])
              ls 29156 70573.617219:          1 minor-faults:  ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])
              ls 29156 70573.617314:          1 minor-faults:      7f19b9c9db70 _start+0x0 (/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2)
     Web Content 29157 70573.617400:          1 major-faults:      7f19b9c9db70 [unknown] (/usr/lib/libxul.so)
              ls 29156 70573.617500:          1        cycles:      7f19b9c9db70 _start+0x0 (/usr/bin/ls)
`;

test('a fault that perf notes as a page fault and as a minor one counts once', async () => {
  expect(await importText(perf)).toMatchObject({
    source: 'perf script',
    faults: 3,
    otherEvents: 1,
    rows: [
      { process: 'ls (29156)', kind: 'minor', faults: 2 },
      { process: 'Web Content (29157)', kind: 'major', faults: 1 },
    ],
    functions: [
      { name: '[unknown]', faults: 1 },
      { name: '_start', faults: 1 },
      { name: 'elf_load', faults: 1 },
    ],
  });
});

test('the function of a fault with a call chain is the first one of the chain', async () => {
  const chain = `
true 29162 70575.244339:          1 page-faults: 
	ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])
	ffffffff8175320a load_elf_binary+0x66a ([kernel.kallsyms])

true 29162 70575.244400:          1 page-faults: 
	    7f1c293e1b70 _start+0x0 (/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2)
`;
  expect(await importText(chain)).toMatchObject({
    faults: 2,
    functions: [
      { name: '_start', faults: 1 },
      { name: 'elf_load', faults: 1 },
    ],
  });
});

test('faults on one page are told apart from faults on several, where perf noted addresses', async () => {
  const addresses = `
  ls 29156/29156 70573.617206:  page-faults:     55d6441505c0 __progname (/usr/bin/ls) ffffffff81752b6a elf_load ([kernel.kallsyms])
  ls 29156/29156 70573.617280:  page-faults:     55d6441505f0 __progname (/usr/bin/ls) 7f19b9c9db70 _start (/usr/lib/ld.so)
  ls 29156/29156 70573.617300:  page-faults:     55d644151000 [unknown] (/usr/bin/ls) 7f19b9c9db70 _start (/usr/lib/ld.so)
`;
  expect(await importText(addresses)).toMatchObject({
    faults: 3,
    pages: 2,
    functions: [
      { name: '_start', faults: 2 },
      { name: 'elf_load', faults: 1 },
    ],
  });
});

/** As arch/x86/include/asm/trace/exceptions.h has them printed. */
const ftrace = `# tracer: nop
#
# entries-in-buffer/entries-written: 4/4   #P:2
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
   kworker/u4:1-77      [000] d....   100.000001: page_fault_user: address=0x7f0000001000 ip=0x401000 error_code=0x6
   kworker/u4:1-77      [000] d....   100.000002: page_fault_user: address=0x7f0000001008 ip=0x401000 error_code=0x7
          <...>-1234    [001] d..1.   100.500001: page_fault_kernel: address=0x7f0000002000 ip=rep_movs_alternative error_code=0x0
   kworker/u4:1-77      [000] .....   100.500002: sys_enter: NR 0 (3, 7f, 1000, 0, 0, 0)
`;

test('the error code of a fault on x86 tells a write from a read, and what is not there from what may not be done', async () => {
  expect(await importText(ftrace)).toEqual({
    source: 'ftrace',
    faults: 3,
    otherEvents: 1,
    seconds: 0.5,
    pages: 2,
    rows: [
      { process: '<...> (1234)', kind: 'kernel read, not present', faults: 1 },
      { process: 'kworker/u4:1 (77)', kind: 'user write, against the protection', faults: 1 },
      { process: 'kworker/u4:1 (77)', kind: 'user write, not present', faults: 1 },
    ],
    kinds: [
      { name: 'kernel read, not present', faults: 1 },
      { name: 'user write, against the protection', faults: 1 },
      { name: 'user write, not present', faults: 1 },
    ],
    processes: [
      { name: 'kworker/u4:1 (77)', faults: 2 },
      { name: '<...> (1234)', faults: 1 },
    ],
    functions: [{ name: 'rep_movs_alternative', faults: 1 }],
  });
});

test('text that comes in pieces is read as if it came at once', async () => {
  const pieces = Array.from({ length: Math.ceil(ftrace.length / 7) }, (_, i) =>
    ftrace.slice(7 * i, 7 * i + 7),
  );
  expect(await importText(pieces)).toEqual(await importText(ftrace));
});

test('the mappings of smaps are added up by kind', async () => {
  const smaps = `55a0-55b0 r--p 00000000 08:01 12                         /usr/bin/my tool
Size:                 64 kB
KernelPageSize:        4 kB
Rss:                  32 kB
VmFlags: rd mr mw me
7f00-7f10 rw-p 00000000 00:00 0 
Size:                 64 kB
Rss:                   8 kB
7f10-7f20 rw-p 00000000 00:00 0 
Size:                 64 kB
Rss:                   4 kB
7ffd-7ffe rw-p 00000000 00:00 0                          [stack]
Size:                 16 kB
Rss:                  12 kB
`;
  expect(await importText(smaps)).toEqual({
    source: 'smaps',
    mappings: 4,
    kib: { Size: 208, Rss: 56 },
    kinds: [
      { kind: 'file', mappings: 1, kib: { Size: 64, Rss: 32 } },
      { kind: 'anonymous', mappings: 2, kib: { Size: 128, Rss: 12 } },
      { kind: '[stack]', mappings: 1, kib: { Size: 16, Rss: 12 } },
    ],
  });
});

test('entries of pagemap are counted by their flags, wherever the pieces are cut', async () => {
  const entries = [
    0n,
    (1n << 63n) | (1n << 56n) | 0x1234n,
    (1n << 63n) | (1n << 61n),
    (1n << 62n) | (1n << 55n),
  ];
  const bytes = new Uint8Array(BigUint64Array.from(entries).buffer);
  const found = await importPagemap([bytes.subarray(0, 13), bytes.subarray(13)]);
  expect(found).toEqual({
    source: 'pagemap',
    pages: 4,
    kinds: [
      { kind: 'anonymous', pages: 1, softDirty: 0, exclusive: 1, uffdWp: 0 },
      { kind: 'file or shared', pages: 1, softDirty: 0, exclusive: 0, uffdWp: 0 },
      { kind: 'swapped', pages: 1, softDirty: 1, exclusive: 0, uffdWp: 0 },
      { kind: 'not mapped', pages: 1, softDirty: 0, exclusive: 0, uffdWp: 0 },
    ],
  });
});

test('half an entry and text of another kind are refused, with what is allowed', async () => {
  await expect(importPagemap([new Uint8Array(12)])).rejects.toThrow(
    'the last entry of the pagemap has 4 of its 8 bytes; allowed: whole entries',
  );
  await expect(importText('dear diary\n', 'diary.txt')).rejects.toThrow(
    /^diary\.txt holds no event and no mapping; allowed: the text of ftrace/,
  );
});

test('what has bits that no entry of pagemap has is refused, and smaps that end in the middle of a mapping', async () => {
  const entries = new Uint8Array(24);
  entries[23] = 1 << 4;
  await expect(importPagemap([entries])).rejects.toThrow('no entry of pagemap begins at byte 16');
  const mapping = '7f00-8000 rw-p 00000000 00:00 0 \nSize: 4 kB\nRss: 4 kB\n';
  expect(await importText(`${mapping}${mapping}`)).toMatchObject({ mappings: 2, kib: { Rss: 8 } });
  await expect(importText(`${mapping}${mapping.slice(0, -11)}`)).rejects.toThrow(
    'the text ends in the middle of a mapping, with 1 of the 2 amounts of the first one',
  );
});
