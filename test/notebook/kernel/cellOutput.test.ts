import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CellOutput } from '../../../kernel-lib/notebook/kernel/cellOutput.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recorded(): { output: CellOutput; sent: unknown[] } {
  const sent: unknown[] = [];
  return {
    output: new CellOutput((type, content) => sent.push(type === 'stream' ? content.text : content)),
    sent,
  };
}

test('texts of one stream are gathered until some time has passed', () => {
  const { output, sent } = recorded();
  output.stream('stdout', 'a');
  output.stream('stdout', 'b');
  expect(sent).toEqual([]);
  vi.runAllTimers();
  expect(sent).toEqual(['ab']);
});

test('a message is sent at once, after the texts before it', () => {
  const { output, sent } = recorded();
  output.stream('stdout', 'a');
  output.stream('stderr', 'b');
  output.publish('display_data', '{"data":1}');
  expect(sent).toEqual(['a', 'b', { data: 1 }]);
});

test('a held place keeps back what follows until it is filled, and only that', () => {
  const { output, sent } = recorded();
  output.stream('stdout', 'before');
  output.hold(1);
  output.stream('stdout', 'between');
  output.hold(2);
  output.stream('stdout', 'after');
  vi.runAllTimers();
  expect(sent).toEqual(['before']);
  output.fill(2, { msgType: 'display_data', json: '2' });
  expect(sent).toEqual(['before']);
  output.fill(1, { msgType: 'display_data', json: '1' });
  expect(sent).toEqual(['before', 1, 'between', 2, 'after']);
});

test('the end of a cell gives up places that nobody filled', () => {
  const { output, sent } = recorded();
  output.hold(1);
  output.stream('stdout', 'text');
  output.finish();
  output.fill(1, { msgType: 'display_data', json: '1' });
  expect(sent).toEqual(['text']);
});
