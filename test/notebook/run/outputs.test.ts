import { expect, test } from 'vitest';
import { request } from '../../../kernel-lib/notebook/client/wire.js';
import { CellOutputs, OUTPUT_LIMIT, type Displays } from '../../../kernel-lib/notebook/run/outputs.js';

const published = (type: string, content: Record<string, unknown>) => request(type, 'session', content);
const text = (name: string, text: string) => published('stream', { name, text });
const display = (type: string, shown: string, id?: string) =>
  published(type, { data: { 'text/plain': shown }, metadata: {}, transient: id ? { display_id: id } : {} });

function outputsOf(...messages: ReturnType<typeof published>[]): CellOutputs {
  const outputs = new CellOutputs(new Map());
  for (const message of messages) outputs.add(message);
  return outputs;
}

test('adjacent texts of one stream become one output', () => {
  const outputs = outputsOf(
    text('stdout', 'a'),
    text('stdout', 'b'),
    text('stderr', 'c'),
    text('stdout', 'd'),
  );
  expect(outputs.finish()).toEqual([
    { output_type: 'stream', name: 'stdout', text: 'ab' },
    { output_type: 'stream', name: 'stderr', text: 'c' },
    { output_type: 'stream', name: 'stdout', text: 'd' },
  ]);
});

test('a display is updated in its place, also from a later cell, and keeps no id', () => {
  const displays: Displays = new Map();
  const first = new CellOutputs(displays);
  const second = new CellOutputs(displays);
  first.add(display('display_data', '1 %', 'bar'));
  first.add(text('stdout', 'after'));
  second.add(display('update_display_data', '100 %', 'bar'));
  expect(first.finish()[0]).toEqual({
    output_type: 'display_data',
    data: { 'text/plain': '100 %' },
    metadata: {},
  });
  expect(second.finish()).toEqual([]);
});

test('clear_output removes what is there, at once or with the next output', () => {
  const now = outputsOf(text('stdout', 'a'), published('clear_output', { wait: false }));
  expect(now.finish()).toEqual([]);
  const waiting = outputsOf(text('stdout', 'a'), published('clear_output', { wait: true }));
  expect(waiting.finish()).toHaveLength(1);
  waiting.add(text('stdout', 'b'));
  expect(waiting.finish()).toEqual([{ output_type: 'stream', name: 'stdout', text: 'b' }]);
});

test('output beyond the limit is dropped with a notice, and what fits is complete', () => {
  const outputs = outputsOf(
    text('stdout', 'x'.repeat(OUTPUT_LIMIT - 1)),
    text('stdout', 'yz'),
    text('stdout', 'z'),
  );
  const [kept, notice] = outputs.finish();
  expect(kept).toEqual({ output_type: 'stream', name: 'stdout', text: 'x'.repeat(OUTPUT_LIMIT - 1) + 'y' });
  expect(outputs.dropped).toBe(2);
  expect(notice).toMatchObject({
    name: 'stderr',
    text: expect.stringContaining('output cut after 16.0 MiB'),
  });
});

test('an error is kept even where the limit is reached', () => {
  const error = published('error', { ename: 'E', evalue: 'v', traceback: ['t'] });
  const outputs = outputsOf(text('stdout', 'x'.repeat(OUTPUT_LIMIT + 1)), error);
  expect(outputs.error).toEqual({ output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'] });
});

test('what is no text is written as JSON where the media type asks for text', () => {
  const data = { 'text/plain': 3, 'text/html': ['<b>', '</b>'], 'application/json': [1] };
  const [output] = outputsOf(published('display_data', { data })).finish();
  expect(output).toEqual({
    output_type: 'display_data',
    data: { 'text/plain': '3', 'text/html': '["<b>","</b>"]', 'application/json': [1] },
    metadata: {},
  });
});
