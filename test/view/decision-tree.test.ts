import { expect, test } from 'vitest';
import { decisionTree } from '../../kernel-lib/view/decision-tree.js';

const tree = {
  ask: 'none',
  yes: 'nothing',
  no: { ask: 'present', yes: { ask: 'special', yes: 'zero page', no: 'page' }, no: 'swap PTE' },
};

test('a decision tree reads as a chain of questions, nested ones indented', () => {
  expect(decisionTree(tree, { title: 'What is it?' }).text).toBe(
    ['none? nothing', 'present?', '  special? zero page', '  page', 'swap PTE'].join('\n'),
  );
});

test('yes leads to the right on the same row, no leads down past everything that yes led to', () => {
  const { annotations } = decisionTree(tree, { title: 'What is it?' }).plotly.layout as {
    annotations: { text: string; x: number; y: number }[];
  };
  const at = (text: string) => annotations.filter((box) => box.text === text).map(({ x, y }) => [x, y]);
  expect(
    ['none', 'nothing', 'present', 'special', 'zero page', 'page', 'swap PTE'].map((text) => at(text)[0]),
  ).toEqual([
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
    [2, 1],
    [1, 2],
    [0, 3],
  ]);
});

test('a decision tree is never so narrow that a question covers its answer', () => {
  const narrowest = (ask: string) => {
    const { layout } = decisionTree({ ask, yes: 'nothing', no: 'page' }, { title: 'What is it?' }).plotly;
    return (layout as { meta: { minWidth: number } }).meta.minWidth;
  };
  const letters = 30;
  // Two columns, each as wide as the question.
  expect(narrowest('?'.repeat(letters))).toBeGreaterThan(2 * 6 * letters);
  expect(narrowest('?')).toBeLessThan(200);
});
