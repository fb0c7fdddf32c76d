import { expect, test } from 'vitest';
import { Conformance } from '../../kernel-lib/trace/conformance.js';
import type { MakeDriver, Snapshot } from '../../kernel-lib/trace/driver.js';
import { makeModel } from '../../kernel-lib/trace/model.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import { parseOperation } from '../../kernel-lib/trace/operation.js';
import { RecordedBoot } from '../../kernel-lib/trace/recorded-boot.js';
import type { RecordedProgram } from '../../kernel-lib/trace/recording.js';

/** Each program was recorded in two boots that ran the programs of a file in opposite orders. */
interface InBothBoots {
  readonly program: RecordedProgram;
  readonly target: { readonly release: string; readonly arch: string; readonly withheld: string };
  readonly boots: readonly MakeDriver[];
}

async function inBothBoots(file: string, id: string): Promise<InBothBoots> {
  const { release, arch } = recordings.manifest().find((entry) => entry.file === file)!;
  const programs: RecordedProgram[] = [];
  for await (const { program } of recordings.programs({ file })) programs.push(program);
  const at = programs.findIndex((program) => program.id === id);
  const program = programs[at]!;
  const boots = [programs.slice(0, at), programs.slice(at + 1).reverse()].map((earlier) => {
    const boot = new RecordedBoot({ release, arch }, makeModel);
    for (const passed of earlier) boot.passOver(passed);
    return boot.drive(program);
  });
  return { program, target: { release, arch, withheld: '' }, boots };
}

test('what earlier programs of a boot left in the cgroup decides which pages reclaim takes, in either order of them', async () => {
  const file = 'recordings/amd64-6.1.jsonl.gz';
  const { program, target, boots } = await inBothBoots(file, 'train-101-193-mixed');
  const disagree = [makeModel, ...boots].map((makeDriver) => {
    const conformance = new Conformance();
    conformance.add('amd64-6.1', program, target, makeDriver);
    return conformance.total.disagree;
  });
  expect(disagree).toEqual([expect.any(Number), 0, 0]);
  expect(disagree[0]).toBeGreaterThan(0);
});

/** Programs whose recording ends at a reclaim, because the two boots went different ways there. */
const parted = [
  { file: 'recordings/amd64-6.1.jsonl.gz', id: 'train-101-87-swap' },
  { file: 'recordings/i386-pae-6.5.jsonl.gz', id: 'train32-201-34-shmem' },
];

test.each(parted)(
  '$id parts in the model, too, by what ran before it, and in the same mappings',
  async ({ file, id }) => {
    const { program, target, boots } = await inBothBoots(file, id);
    const [first, second] = boots.map((makeDriver) => {
      const driver = makeDriver({ ...target, program: program.header });
      for (const { operation } of program.operations) driver.execute(operation);
      driver.execute(parseOperation(program.cut!.op));
      return driver.snapshot();
    }) as [Snapshot, Snapshot];
    const seen = new Set(program.cut!.differs.flatMap((path) => /^\.S\.\d+\[\d+\]/.exec(path)?.[0] ?? []));
    expect(seen.size).toBeGreaterThan(0);
    expect(partedMappings(first, second)).toEqual([...seen].sort());
  },
);

function partedMappings(first: Snapshot, second: Snapshot): string[] {
  return [...first.processes].flatMap(([process, mappings]) => {
    const others = second.processes.get(process)!;
    return mappings.flatMap(({ smaps }, at) =>
      JSON.stringify(smaps) === JSON.stringify(others[at]!.smaps) ? [] : [`.S.${process}[${at}]`],
    );
  });
}
