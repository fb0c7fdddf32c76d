import { expect, test } from 'vitest';
import { startingOrder } from '../../../kernel-lib/notebook/run/startingOrder.js';
import { notebook } from '../notebook.js';

test('notebooks that call themselves long start first, the others in their order', () => {
  const job = (name: string, metadata = {}) => ({ name, notebook: { ...notebook(), metadata } });
  const long = { faultbook: { long: true } };
  const jobs = [
    job('00'),
    job('01', { faultbook: { long: false } }),
    job('06', long),
    job('07'),
    job('08', long),
  ];
  expect(startingOrder(jobs).map(({ name }) => name)).toEqual(['06', '08', '00', '01', '07']);
});
