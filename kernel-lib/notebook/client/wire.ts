import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** The envelope of every Jupyter message. */
export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly version: string;
}

/** A Jupyter message, protocol 5.3. `parent` is the header of the request that this message answers. */
export interface Message {
  readonly header: Header;
  readonly parent: Partial<Header>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
}

const DELIMITER = Buffer.from('<IDS|MSG>');

/** Makes a request of the type `msgType` with a fresh id. */
export function request(msgType: string, session: string, content: Message['content']): Message {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: msgType,
    session,
    username: 'faultbook',
    date: new Date().toISOString(),
    version: '5.3',
  };
  return { header, parent: {}, metadata: {}, content };
}

/** The frames of `message` on the wire, signed with `key` (HMAC-SHA256 over the four JSON frames). */
export function encode(message: Message, key: string): Buffer[] {
  const { header, parent, metadata, content } = message;
  const body = [header, parent, metadata, content].map((part) => Buffer.from(JSON.stringify(part)));
  return [DELIMITER, Buffer.from(sign(body, key)), ...body];
}

/**
 * Reads a message from its frames. Routing prefixes (a publisher's topic) before the delimiter are dropped.
 *
 * @throws Error when the frames are no message or their signature was not made with `key`
 */
export function decode(frames: readonly Buffer[], key: string): Message {
  const start = frames.findIndex((frame) => frame.equals(DELIMITER));
  if (start < 0 || frames.length < start + 6)
    throw new Error('not a Jupyter message: its delimiter or frames are missing');
  const signature = frames[start + 1]!;
  // Buffers that follow the four JSON frames are not signed.
  const body = frames.slice(start + 2, start + 6);
  const expected = Buffer.from(sign(body, key));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw new Error('a Jupyter message carries a wrong signature');
  }
  const [header, parent, metadata, content] = body.map((part) => JSON.parse(part.toString('utf8')));
  return { header, parent, metadata, content };
}

function sign(body: readonly Buffer[], key: string): string {
  const hmac = createHmac('sha256', key);
  for (const part of body) hmac.update(part);
  return hmac.digest('hex');
}
