import { EAGAIN } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { pageByte, pageFolio } from '../folio/frame.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_GET } from '../gup/flags.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';

/**
 * A pipe that holds whole pages of processes, by reference.
 *
 * MODEL: it never fills up.
 */
export const Pipe = struct('pipe_inode_info', {
  /** First and last PipeBuffer, NULL when the pipe is empty. */
  head: 'i32',
  tail: 'i32',
});
export type Pipe = ReturnType<typeof Pipe.at>;

const PipeBuffer = struct('pipe_buffer', { page: 'i32', next: 'i32' });

/** How many pages vmsplice looks up at once. */
const PAGES_AT_ONCE = 16;

/** An empty pipe. */
export function allocPipeInfo(k: Machine): Pipe {
  return kmemCacheZalloc(k, Pipe);
}

/**
 * vmsplice: puts whole pages into the pipe, each with an ordinary reference. Nothing is copied: the pipe's reader
 * sees what the page holds when it is read.
 *
 * @kernel fs/splice.c vmsplice_to_pipe v6.2
 * @returns how many bytes, or -EFAULT when not even the first page can be had
 */
export function* vmspliceToPipe(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  pipe: Pipe,
): Step<number> {
  let done = 0;
  while (done < nrPages) {
    const pages: number[] = [];
    const nr = Math.min(PAGES_AT_ONCE, nrPages - done);
    const got = yield* internalGetUserPagesFast(k, mm, start + done * k.pageSize, nr, FOLL_GET, pages);
    if (got < 0) return done > 0 ? done * k.pageSize : got;
    for (const page of pages) append(k, pipe, page);
    done += got;
  }
  return done * k.pageSize;
}

function append(k: Machine, pipe: Pipe, page: number): void {
  const buffer = kmemCacheZalloc(k, PipeBuffer);
  buffer.page = page;
  if (pipe.tail === 0) pipe.head = buffer.at;
  else PipeBuffer.at(k, pipe.tail).next = buffer.at;
  pipe.tail = buffer.at;
}

/**
 * The first byte of the next page in the pipe.
 *
 * @returns the byte, or -EAGAIN when the pipe is empty
 */
export function pipePeek(k: Machine, pipe: Pipe): number {
  return pipe.head === 0 ? -EAGAIN : pageByte(k, PipeBuffer.at(k, pipe.head).page);
}

/** The same, and the page leaves the pipe. */
export function* pipeRead(k: Machine, pipe: Pipe): Step<number> {
  if (pipe.head === 0) return -EAGAIN;
  const buffer = PipeBuffer.at(k, pipe.head);
  const { page, next } = buffer;
  const byte = pageByte(k, page);
  pipe.head = next;
  if (next === 0) pipe.tail = 0;
  kmemCacheFree(k, PipeBuffer, buffer.at);
  yield* folioPut(k, pageFolio(k, page));
  return byte;
}
