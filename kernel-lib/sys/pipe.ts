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

/** A pipe that holds whole pages of processes, by reference. */
export const Pipe = struct('pipe_inode_info', {
  /** First and last PipeBuffer, NULL when the pipe is empty. */
  head: 'i32',
  tail: 'i32',
  /** Pages in it. */
  occupancy: 'i32',
});
export type Pipe = ReturnType<typeof Pipe.at>;

const PipeBuffer = struct('pipe_buffer', { page: 'i32', next: 'i32' });

/** How many pages a pipe has room for. */
export const PIPE_DEF_BUFFERS = 16;

/** How many pages vmsplice looks up at once. */
const PAGES_AT_ONCE = 16;

/** An empty pipe. */
export function allocPipeInfo(k: Machine): Pipe {
  return kmemCacheZalloc(k, Pipe);
}

/** The pipe is closed at both ends; what is in it goes. MODEL: `free_pipe_info` of fs/pipe.c. */
export function* freePipeInfo(k: Machine, pipe: Pipe): Step<void> {
  while (pipe.head !== 0) yield* pipeRead(k, pipe);
  kmemCacheFree(k, Pipe, pipe.at);
}

/**
 * vmsplice: puts whole pages into the pipe, each with an ordinary reference. Nothing is copied: the pipe's reader
 * sees what the page holds when it is read.
 *
 * @kernel fs/splice.c vmsplice_to_pipe v6.2
 * @differs with SPLICE_F_NONBLOCK: who finds the pipe full does not wait for a reader
 * @returns how many bytes, fewer than asked for when the pipe is full then; -EAGAIN when it was full before, -EFAULT
 *     when not even the first page can be had
 */
export function* vmspliceToPipe(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  pipe: Pipe,
): Step<number> {
  if (nrPages === 0) return 0;
  if (pipeFull(pipe)) return -EAGAIN;
  let done = 0;
  while (done < nrPages && !pipeFull(pipe)) {
    const pages: number[] = [];
    const nr = Math.min(PAGES_AT_ONCE, nrPages - done);
    const got = yield* internalGetUserPagesFast(k, mm, start + done * k.pageSize, nr, FOLL_GET, pages);
    if (got < 0) return done > 0 ? done * k.pageSize : got;
    // More than there is room for is looked up, and let go again.
    for (const page of pages) {
      if (pipeFull(pipe)) {
        yield* folioPut(k, pageFolio(k, page));
        continue;
      }
      append(k, pipe, page);
      done++;
    }
  }
  return done * k.pageSize;
}

/** MODEL: pipe_full(), of a pipe whose size nobody changed. */
function pipeFull(pipe: Pipe): boolean {
  return pipe.occupancy >= PIPE_DEF_BUFFERS;
}

function append(k: Machine, pipe: Pipe, page: number): void {
  const buffer = kmemCacheZalloc(k, PipeBuffer);
  buffer.page = page;
  if (pipe.tail === 0) pipe.head = buffer.at;
  else PipeBuffer.at(k, pipe.tail).next = buffer.at;
  pipe.tail = buffer.at;
  pipe.occupancy++;
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
  pipe.occupancy--;
  if (next === 0) pipe.tail = 0;
  kmemCacheFree(k, PipeBuffer, buffer.at);
  yield* folioPut(k, pageFolio(k, page));
  return byte;
}
