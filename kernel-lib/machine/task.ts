import { type Handle, struct } from './struct.js';

/** One process, of one thread. @kernel include/linux/sched.h task_struct v6.2 */
export const Task = struct('task_struct', {
  pid: 'i32',
  /** Address of its Mm; 0 after it exited. */
  mm: 'i32',
  /** Completed faults charged to it. */
  minFlt: 'i32',
  majFlt: 'i32',
  /** si_code of a SIGBUS that was sent during a system call, 0 for none. */
  sigbusCode: 'i32',
});

export type Task = Handle<(typeof Task)['fields']>;
