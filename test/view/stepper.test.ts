import { expect, test } from 'vitest';
import { explore, replay } from '../../kernel-lib/index.js';
import type { WalkedStep } from '../../kernel-lib/view/stepper.js';

const options = { bound: { pages: 1, stores: 1 } };
const { schedule } = explore('delayed-rmap', options).violations[0]!;
const found = replay('delayed-rmap', schedule, options);

/** What the script is given. */
interface Walk {
  readonly threads: readonly string[];
  readonly steps: readonly WalkedStep[];
}

function walk(): Walk {
  const [, json] = /<script type="application\/json">(.*?)<\/script>/s.exec(found.stepper.html)!;
  return JSON.parse(json!) as Walk;
}

test('without a script the whole schedule stands in a table', () => {
  expect(found.stepper.text).toContain(found.table.toString());
  expect(found.stepper.html).toContain('<table class="faultbook-table">');
});

test('a walk has the steps of the schedule, each with the thread that takes it', () => {
  const { threads, steps } = walk();
  expect(threads).toEqual(found.threads);
  expect(steps.map(({ thread }) => thread)).toEqual(found.steps.map(({ thread }) => thread));
});

test('in the end the page is not mapped and not dirty, and the disk holds less than the page did', () => {
  const facts = new Map(
    walk()
      .steps.at(-1)!
      .state.flatMap(({ facts }) => facts),
  );
  expect(facts.get('PTE 0')).toBe('nothing');
  expect(facts.has('page A is dirty')).toBe(false);
  expect([...facts.keys()].some((name) => name.startsWith('TLB'))).toBe(false);
});

test('when the store is done, a TLB still translates and the page counts as unmapped', () => {
  const { steps } = walk();
  const store = steps.findIndex(({ thread }) => thread === 'user');
  const { part } = steps[store]!.state.find(({ facts }) => facts.some(([name]) => name.startsWith('TLB')))!;
  expect(part).toBe('TLBs');
  const facts = new Map(steps[store]!.state.flatMap(({ facts }) => facts));
  expect(facts.get('page A is mapped')).toBe('never');
});
