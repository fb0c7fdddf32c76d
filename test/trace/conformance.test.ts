import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { Conformance } from '../../kernel-lib/trace/conformance.js';
import {
  Unsupported,
  type Driver,
  type Mapping,
  type MakeDriver,
  type Page,
} from '../../kernel-lib/trace/driver.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import type { RecordedProgram } from '../../kernel-lib/trace/recording.js';
import { playback, type Shown } from './playback.js';

const target = { release: '6.1.187', arch: 'x86_64', withheld: '' };

function conform(program: RecordedProgram, makeDriver: MakeDriver): Conformance {
  const conformance = new Conformance();
  conformance.add('amd64-6.1', program, target, makeDriver);
  return conformance;
}

// Five of six observables are in the recordings of huge pages; all of them are a slow test.
const nthHuge = process.env.FAULTBOOK_SLOW ? 1 : 8;

test.each(recordings.manifest())('a machine that plays $file back agrees in everything', async (entry) => {
  const conformance = new Conformance();
  const nth = entry.file.includes('-thp') ? nthHuge : 1;
  let at = 0;
  for await (const { program } of recordings.programs({ file: entry.file })) {
    if (at++ % nth === 0) conformance.add(entry.kernel, program, target, playback(program));
  }
  expect(conformance.first).toEqual([]);
  expect(conformance.kinds()).toEqual([]);
  const { programs, ops, agree, observables, identical } = conformance.total;
  expect({ programs, agree, identical }).toEqual({
    ...{ programs: Math.ceil(entry.programs / nth), agree: observables, identical: programs },
  });
  if (nth === 1) expect(ops).toBe(entry.operations);
});

let programs: RecordedProgram[];
beforeAll(async () => {
  programs = [];
  const file = ['recordings/amd64-6.1.jsonl.gz', 'recordings/i386-pae-6.5.jsonl.gz'];
  for await (const { program } of recordings.programs({ file })) {
    if (program.header.thp === 'never') programs.push(program);
  }
});

function replaced<T>(list: readonly T[], index: number, change: (item: T) => T): T[] {
  return list.map((item, at) => (at === index ? change(item) : item));
}

/** One thing that a driver can get wrong; undefined when this operation does not show it. */
type Mutation = (shown: Shown, pick: (max: number) => number) => Shown | undefined;

const outcome =
  (change: (shown: Shown) => Partial<Shown['outcome']>): Mutation =>
  (shown) => ({ ...shown, outcome: { ...shown.outcome, ...change(shown) } });

const mapping =
  (change: (mapping: Mapping) => Partial<Mapping>): Mutation =>
  (shown, pick) => {
    const { processes } = shown.snapshot;
    const [process, mappings] = [...processes][pick(processes.size)]!;
    if (mappings.length === 0) return undefined;
    const changed = replaced(mappings, pick(mappings.length), (mapping) => ({
      ...mapping,
      ...change(mapping),
    }));
    return { ...shown, snapshot: { ...shown.snapshot, processes: new Map(processes).set(process, changed) } };
  };

const page = (change: (page: Page) => Page): Mutation =>
  mapping(({ pages }) => ({ pages: replaced(pages, 0, change) }));

const mutations: Record<string, Mutation> = {
  ret: outcome(({ outcome: { ret } }) => ({ ret: ret + 1 })),
  err: outcome(({ outcome: { err } }) => ({ err: err + 1 })),
  signal: outcome(() => ({ signal: { sig: 'BUS', code: 3 } })),
  val: outcome(({ outcome: { val } }) => ({ val: val === undefined ? 0 : val + 1 })),
  vals: outcome(({ outcome: { vals } }) => ({ vals: [...(vals ?? []), 7] })),
  events: outcome(({ outcome: { events } }) => ({ events: [...events, { t: 'fork', p: 7 }] })),
  counter: outcome(({ outcome: { vm } }) => ({ vm: { ...vm, pswpin: (vm.pswpin ?? 0) + 1 } })),
  'size of a mapping': mapping(({ nrPages }) => ({ nrPages: nrPages + 1 })),
  permissions: mapping(({ perms }) => ({ perms: `x${perms.slice(1)}` })),
  offset: mapping(({ pgoff }) => ({ pgoff: pgoff + 1 })),
  'VM flag': mapping(({ flags }) => ({ flags: [...flags, 'nr'] })),
  'a flag too few': mapping(({ flags }) => ({ flags: flags.slice(1) })),
  'Rss of smaps': mapping(({ smaps }) => ({ smaps: { ...smaps, Rss: (smaps.Rss ?? 0) + 4 } })),
  'place of a mapping': mapping(({ index }) => ({ index: index + 4096 })),
  'no pages': mapping(() => ({ pages: [] })),
  'pagemap bits': page((page) => ({ ...page, bits: page.bits.includes('W') ? 'P' : `${page.bits}W` })),
  frame: page((page) => (page.kind === 'present' && page.frame !== 'Z' ? { ...page, frame: 'Z' } : none)),
  'page flags': page((page) => (page.kind === 'present' ? { ...page, flags: `${page.flags}X` } : none)),
  'map count': page((page) => (page.kind === 'present' ? { ...page, count: page.count + 1 } : none)),
  marker: page((page) => ({ kind: 'marker', bits: page.bits, marker: 8 })),
};
const none: Page = { kind: 'none', bits: 'X' };

test.each(Object.keys(mutations))('a machine that is wrong in one point (%s) is caught', (name) => {
  const property = fc.property(fc.nat(), fc.nat(), fc.nat(), (chosen, operation, seed) => {
    const whole = programs[chosen % programs.length]!;
    const wrong = operation % whole.operations.length;
    const program = { ...whole, operations: whole.operations.slice(0, wrong + 2) };
    let caught = true;
    const conformance = conform(
      program,
      playback(program, (shown, at) => {
        if (at !== wrong) return shown;
        const mutated = mutations[name]!(shown, (max) => seed % max);
        caught = mutated !== undefined;
        return mutated ?? shown;
      }),
    );
    const { total, first } = conformance;
    expect(total.disagree > 0).toBe(caught);
    if (caught) expect(first).toMatchObject([{ program: program.id, op: wrong }]);
    expect(total.agree + total.disagree).toBe(total.observables);
    const rows = conformance.agreements();
    expect(rows.reduce((sum, { agree }) => sum + agree, 0)).toBe(total.agree);
    expect(rows.reduce((sum, { disagree }) => sum + disagree, 0)).toBe(total.disagree);
  });
  fc.assert(property, { numRuns: 60, seed: 1 });
});

test('what disagrees is counted after the operation and in the aspect that it is about', () => {
  const program = programs[0]!;
  const wrongFaults = playback(program, (shown, at) =>
    at === 2 ? { ...shown, outcome: { ...shown.outcome, min: shown.outcome.min + 1 } } : shown,
  );
  const wrong = conform(program, wrongFaults)
    .agreements()
    .filter(({ disagree }) => disagree > 0);
  const { name } = program.operations[2]!.operation;
  expect(wrong).toMatchObject([{ kernel: 'amd64-6.1', operation: name, aspect: 'faults', disagree: 1 }]);
});

test('a process too many is caught, and one that is missing', () => {
  const program = programs[0]!;
  const living = (change: (living: Map<number, readonly Mapping[]>) => void): Conformance =>
    conform(
      program,
      playback(program, (shown, at) => {
        const processes = new Map(shown.snapshot.processes);
        if (at === 2) change(processes);
        return { ...shown, snapshot: { ...shown.snapshot, processes } };
      }),
    );
  expect(living((processes) => processes.set(5, [])).first).toMatchObject([
    { op: 2, observable: 'S.5', expected: null, got: 'lives' },
  ]);
  expect(living((processes) => processes.delete(0)).first).toMatchObject([
    { op: 2, observable: 'S.0', expected: 'lives', got: null },
  ]);
});

test('an operation that a driver does not support disagrees in all that was recorded, and the next is run', () => {
  const program = programs[0]!;
  const makeDriver: MakeDriver = (setup) => {
    const driver = playback(program)(setup);
    const execute: Driver['execute'] = (operation) => {
      const outcome = driver.execute(operation);
      if (operation.name === 'madvise') throw new Unsupported('no advice');
      return outcome;
    };
    return { ...driver, execute };
  };
  const { total, first } = conform(program, makeDriver);
  const advised = program.operations.filter(({ operation }) => operation.name === 'madvise');
  expect(total).toMatchObject({ unsupported: advised.length, failed: 0, ops: program.operations.length });
  expect(total.agree).toBeGreaterThan(0);
  expect(first).toMatchObject([
    { op: advised[0]!.i, observable: 'operation', got: 'unsupported: no advice' },
  ]);
});

test('after a driver has failed nothing agrees, and every operation counts', () => {
  const program = programs[0]!;
  const { total, first } = conform(
    program,
    playback(program, (shown, at) => {
      if (at === 3) throw new Error('broken promise');
      return shown;
    }),
  );
  const { length } = program.operations;
  expect(total).toMatchObject({ ops: length, failed: length - 3, unsupported: 0, identical: 0 });
  expect(first).toMatchObject([{ op: 3, observable: 'operation', got: 'failed: Error: broken promise' }]);
  expect(total.agree).toBe(
    conform({ ...program, operations: program.operations.slice(0, 3) }, playback(program)).total.agree,
  );
});

test('a program on which no machine can be made is unsupported as a whole', () => {
  const program = programs[0]!;
  const { total } = conform(program, () => {
    throw new Unsupported('no such device');
  });
  expect(total).toMatchObject({ agree: 0, unsupported: program.operations.length });
});

test('an unknown release is the user’s mistake, not a disagreement', () => {
  const wrong: MakeDriver = () => {
    throw new InputError('release "6.99" is unknown');
  };
  expect(() => conform(programs[0]!, wrong)).toThrow(InputError);
});

test('nothing is compared once the recorder has lost a process', () => {
  const [first, second, ...rest] = programs[0]!.operations;
  const program = { ...programs[0]!, operations: [first!, { ...second!, st: 'timeout' as const }, ...rest] };
  expect(conform(program, playback(program)).total).toMatchObject({ ops: 1, disagree: 0 });
});

test('a program of which nothing was recorded is counted as dropped', () => {
  const program = { ...programs[0]!, operations: [], dropped: 'panic' };
  expect(conform(program, playback(program)).total).toMatchObject({
    programs: 1,
    dropped: 1,
    identical: 0,
    ops: 0,
  });
});

test('disagreements are told by kind, what most programs meet first on top', () => {
  const conformance = new Conformance();
  for (const program of programs.slice(0, 20)) {
    const makeDriver = playback(program, (shown, at) =>
      at === 1
        ? { ...shown, outcome: { ...shown.outcome, ret: 99, vm: { ...shown.outcome.vm, pswpout: 99 } } }
        : shown,
    );
    conformance.add('amd64-6.1', program, target, makeDriver);
  }
  const [top] = conformance.kinds();
  expect(top!.observable).toBe('ret');
  expect(conformance.kinds().reduce((sum, { programs }) => sum + programs, 0)).toBe(20);
  expect(conformance.kinds().find(({ observable }) => observable === 'vm.pswpout')).toMatchObject({
    ...{ programs: 0, example: undefined },
  });
});
