import { type BootOptions, type Linux, boot } from '../../kernel-lib/sys/boot.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { vmasOf } from '../../kernel-lib/vma/vma-list.js';
import { Layout } from '../mmap/layout.js';

/** Pages of a huge page. */
export const HUGE = 512;

/** One process on a machine with transparent huge pages and swap. Page 0 begins a huge page. */
export class HugeLayout extends Layout {
  readonly linux: Linux;

  constructor(options: BootOptions = {}) {
    const linux = boot({ thp: 'always', swap: '32MiB', ...options });
    super('', linux.spawn('p'), linux.machine);
    this.linux = linux;
  }

  /** Changes of event counters while `body` runs, zero ones left out. */
  events(body: () => void): Record<string, number> {
    const before = this.linux.vmstat;
    body();
    const changed = Object.entries(this.linux.vmstat).map(([name, n]) => [name, n - before[name]!] as const);
    return Object.fromEntries(changed.filter(([name, n]) => n !== 0 && name.startsWith('thp_')));
  }
}

/** What smaps says of a process altogether, in KiB; with it, that every invariant holds. */
export function smaps(p: Layout): Record<string, number> {
  checkInvariants(p.k);
  const sum: Record<string, number> = {};
  for (const vma of vmasOf(p.k, p.process.mm)) {
    for (const [name, kib] of Object.entries(showSmap(p.k, vma))) sum[name] = (sum[name] ?? 0) + kib;
  }
  return sum;
}
