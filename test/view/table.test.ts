import { expect, test } from 'vitest';
import { mimeBundle } from '../../kernel-lib/view/mime.js';
import { Table } from '../../kernel-lib/view/table.js';
import { table } from '../../kernel-lib/view/records.js';

const counters = [
  { kernel: '6.1', pgfault: 12, share: 0.123456 },
  { kernel: '6.12', pgfault: 3, share: 1 },
];

test('a table prints numbers flush right and text flush left, under a rule', () => {
  expect(table(counters, { caption: 'Fewer faults.' }).toString()).toBe(
    [
      'kernel  pgfault   share',
      '------  -------  ------',
      '6.1          12  0.1235',
      '6.12          3       1',
      'Fewer faults.',
    ].join('\n'),
  );
});

test('columns are chosen, ordered and renamed', () => {
  expect(table(counters, { columns: ['pgfault'] }).columns).toEqual(['pgfault']);
  expect(table(counters, { columns: { share: 'part', kernel: 'release' } }).rows[0]).toEqual([
    0.123456,
    '6.1',
  ]);
});

test('text in a table cannot become markup', () => {
  const html = new Table({ columns: ['<b>'], rows: [['<script>"&']], caption: "it's <i>" })[mimeBundle]()[
    'text/html'
  ];
  expect(html).toContain('&lt;b&gt;');
  expect(html).toContain('&lt;script&gt;&quot;&amp;');
  expect(html).toContain('it&#39;s &lt;i&gt;');
});

test('a long table shows its first rows and counts the rest', () => {
  const long = new Table({ columns: ['pfn'], rows: [[1], [2], [3]], limit: 1 });
  expect(long.toString()).toMatch(/1\n… 2 more rows$/);
  expect(long[mimeBundle]()['text/html']).toContain('… 2 more rows');
});

test('a row with the wrong number of cells is refused by its number', () => {
  expect(() => new Table({ columns: ['a', 'b'], rows: [[1, 2], [3]] })).toThrow(
    'row 1 has 1 cells where 2 columns',
  );
});

test('a table of no records is a table of no columns', () => {
  expect(table([]).toString()).toBe('\n');
});
