import { expect, test } from 'vitest';
import { decode, encode, request } from '../../../kernel-lib/notebook/client/wire.js';

const message = request('execute_request', 'session', { code: 'π', silent: false });

test('a message survives the wire, behind any routing prefix', () => {
  const frames = [Buffer.from('topic'), Buffer.from('client'), ...encode(message, 'key')];
  expect(decode(frames, 'key')).toEqual(message);
});

test('the signature is the HMAC-SHA256 of header, parent, metadata and content', () => {
  const header = { ...message.header, msg_id: 'id', date: '2023-02-19T00:00:00.000Z' };
  const frames = encode({ header, parent: {}, metadata: {}, content: {} }, 'key').map(String);
  expect(frames[0]).toBe('<IDS|MSG>');
  // openssl dgst -sha256 -hmac key over the four frames after it
  expect(frames[1]).toBe('f3a630ae236028d37596922ac85d7bdf2e9f1577a8bebf8537ab78cbc6100aec');
});

test('a message with a wrong signature is refused', () => {
  const frames = encode(message, 'key');
  expect(() => decode(frames, 'another key')).toThrow('wrong signature');
  frames[5] = Buffer.from('{"code":"evil"}');
  expect(() => decode(frames, 'key')).toThrow('wrong signature');
});

test('frames that are no message are refused', () => {
  expect(() => decode([Buffer.from('hello')], 'key')).toThrow('not a Jupyter message');
  expect(() => decode(encode(message, 'key').slice(0, 4), 'key')).toThrow('not a Jupyter message');
});
