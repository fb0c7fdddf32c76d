import { describe, expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { Task } from '../../kernel-lib/machine/task.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { AccessError, type Process, SystemCallError } from '../../kernel-lib/sys/process.js';
import type { Monitor, UserfaultMessage } from '../../kernel-lib/sys/userfaultfd.js';
import { usage } from '../../kernel-lib/walk/usage.js';

/** A process with `nrPages` pages, their address and a userfaultfd that is registered for them. */
function watched(release: string, mode: string, monitor?: Monitor, features: readonly 'SIGBUS'[] = []) {
  const linux = boot({ release });
  const process = linux.spawn('p');
  const page = process.mmap(4);
  const uffd = process.userfaultfd({ features, ...(monitor && { monitor }) });
  uffd.register(page, 4, mode);
  return { linux, process, page, uffd };
}

const told = ({ event, write, wp }: UserfaultMessage) =>
  [event, write ? 'write' : 'read', wp ? 'wp' : 'missing'].join(' ');

describe('a missing page', () => {
  const brings: Monitor = ({ address }, uffd) => uffd.copy(address, 0x5a);

  test('is brought by the monitor, and the access finds its content', () => {
    const { process, page, uffd } = watched('6.1', 'missing', brings);
    expect(process.read(page)).toBe(0x5a);
    process.write(page + 4096, 1);
    expect(uffd.messages.map(told)).toEqual(['pagefault read missing', 'pagefault write missing']);
    expect(process.read(page + 4096)).toBe(1);
  });

  test('counts as a major fault until faults could be stopped under the VMA lock', () => {
    const faultsOn = (release: string) => {
      const { process, page } = watched(release, 'missing', brings);
      process.read(page);
      return process.faults;
    };
    expect(faultsOn('6.1')).toEqual({ min: 0, maj: 1 });
    expect(faultsOn('6.12')).toEqual({ min: 1, maj: 0 });
  });

  test('is zero when nobody answers otherwise', () => {
    const { process, page } = watched('6.1', 'missing');
    expect(process.read(page)).toBe(0);
  });

  test('stops who asks for it for ever if the monitor does not answer', () => {
    const { process, page, uffd } = watched('6.1', 'missing', () => {});
    expect(() => process.read(page)).toThrow('a userfaultfd');
    expect(uffd.messages.map(told)).toEqual(['pagefault read missing']);
  });

  test('is a SIGBUS with UFFD_FEATURE_SIGBUS', () => {
    const { process, page, uffd } = watched('6.1', 'missing', brings, ['SIGBUS']);
    expect(() => process.read(page)).toThrow(AccessError);
    expect(uffd.messages).toEqual([]);
  });

  test('cannot be copied where something stands, nor behind the registration', () => {
    const { process, page, uffd } = watched('6.1', 'missing', brings);
    process.read(page);
    expect(() => uffd.copy(page, 1)).toThrow('UFFDIO_COPY fails with EEXIST');
    expect(() => uffd.copy(page + 4 * 4096, 1)).toThrow('UFFDIO_COPY fails with ENOENT');
    expect(() => uffd.copy(page, 256)).toThrow(InputError);
  });
});

describe('a page that the object has and the mapping has not', () => {
  /** A child with shared memory that its parent has written to, and no page mapped. */
  function sharing(release = '6.1', arch = 'x86_64') {
    const parent = boot({ release, arch }).spawn('parent');
    const page = parent.mmap(2, { flags: 'shared anon' });
    parent.write(page, 0x11);
    return { child: parent.fork('child'), page };
  }

  test('is a minor fault, which UFFDIO_CONTINUE answers with that page', () => {
    const { child, page } = sharing();
    const uffd = child.userfaultfd();
    uffd.register(page, 2, 'minor');
    expect(child.read(page)).toBe(0x11);
    expect(child.read(page + 4096)).toBe(0);
    expect(uffd.messages.map(({ minor, address }) => [minor, address])).toEqual([[true, page]]);
  });

  test('cannot be continued where the object has a hole', () => {
    const { child, page } = sharing();
    const uffd = child.userfaultfd();
    uffd.register(page, 2, 'missing');
    expect(() => uffd.continue(page + 4096)).toThrow('UFFDIO_CONTINUE fails with EFAULT');
    uffd.continue(page);
    expect(child.read(page)).toBe(0x11);
  });

  test('is watched for on some architectures, and in shared memory alone', () => {
    const { child, page } = sharing('6.1', 'x86_32');
    expect(() => child.userfaultfd().register(page, 2, 'minor')).toThrow('EINVAL');
    const { child: other } = sharing();
    const anonymous = other.mmap(1);
    expect(() => other.userfaultfd().register(anonymous, 1, 'minor')).toThrow('EINVAL');
  });
});

describe('write-protection', () => {
  function written(release: string) {
    const all = watched(release, 'wp');
    all.process.write(all.page, 1);
    all.uffd.writeprotect(all.page, 1);
    return all;
  }

  test('tells of the first store alone', () => {
    const { process, page, uffd } = written('6.1');
    expect(process.read(page)).toBe(1);
    process.write(page, 2);
    process.write(page, 3);
    expect(uffd.messages.map(told)).toEqual(['pagefault write wp']);
    expect(process.read(page)).toBe(3);
  });

  test('is lifted by closing since v6.9, and so costs the next store no fault', () => {
    const faultsAfterClose = (release: string) => {
      const { process, page, uffd } = written(release);
      uffd.close();
      const before = process.faults.min;
      process.write(page, 2);
      return process.faults.min - before;
    };
    expect(faultsAfterClose('6.1')).toBe(1);
    expect(faultsAfterClose('6.12')).toBe(0);
  });

  test('lifts itself with UFFD_FEATURE_WP_ASYNC, where the kernel has it', () => {
    const p = boot({ release: '6.12' }).spawn('p');
    const page = p.mmap(1);
    const uffd = p.userfaultfd({ features: ['WP_ASYNC'] });
    uffd.register(page, 1, 'wp');
    uffd.writeprotect(page, 1);
    p.write(page, 1);
    expect(uffd.messages).toEqual([]);
    const old = boot({ release: '6.1' }).spawn('p');
    expect(() => old.userfaultfd({ features: ['WP_ASYNC'] })).toThrow(SystemCallError);
  });

  test('covers several VMAs since v6.4', () => {
    const protectBoth = (release: string) => {
      const { process, page, uffd } = watched(release, 'wp');
      process.mprotect(page + 2 * 4096, 2, 'r');
      uffd.writeprotect(page, 4);
    };
    expect(() => protectBoth('6.1')).toThrow('UFFDIO_WRITEPROTECT fails with ENOENT');
    expect(() => protectBoth('6.12')).not.toThrow();
  });

  test('is unknown to 32-bit x86', () => {
    const p = boot({ release: '6.1', arch: 'x86_32' }).spawn('p');
    const page = p.mmap(1);
    expect(() => p.userfaultfd().register(page, 1, 'wp')).toThrow('UFFDIO_REGISTER fails with EINVAL');
  });
});

describe('events', () => {
  function process(...features: ('EVENT_FORK' | 'EVENT_REMOVE' | 'EVENT_UNMAP')[]) {
    const p: Process = boot({ release: '6.1' }).spawn('p');
    const page = p.mmap(2);
    const uffd = p.userfaultfd({ features });
    uffd.register(page, 2, 'missing');
    return { p, page, uffd };
  }

  test('of a fork hand the child’s userfaultfd to the monitor', () => {
    const { p, page, uffd } = process('EVENT_FORK');
    const child = p.fork('child');
    const forked = uffd.messages.at(-1)!;
    expect(forked.event).toBe('fork');
    child.read(page);
    expect(forked.child!.messages.map(told)).toEqual(['pagefault read missing']);
    expect(uffd.messages.map(told)).toEqual(['fork read missing']);
  });

  test('of a fork that nobody asked for leave the child unregistered', () => {
    const { p, page, uffd } = process();
    p.fork('child').read(page);
    expect(uffd.messages).toEqual([]);
  });

  test('tell of ranges that are dropped and unmapped', () => {
    const { p, page, uffd } = process('EVENT_REMOVE', 'EVENT_UNMAP');
    p.madvise(page, 'MADV_DONTNEED', 2);
    p.munmap(page, 1);
    const ranges = uffd.messages.map(({ event, address, end }) => [event, (end - address) / 4096]);
    expect(ranges).toEqual([
      ['remove', 2],
      ['unmap', 1],
    ]);
  });
});

test('the wrong mode or feature is bad input, which names what is allowed', () => {
  const p = boot().spawn('p');
  const page = p.mmap(1);
  expect(() => p.userfaultfd().register(page, 1, 'magic')).toThrow("mode is 'magic'; allowed: missing, wp");
  expect(() => p.userfaultfd({ features: ['MAGIC' as 'SIGBUS'] })).toThrow("feature is 'MAGIC'");
});

test('nothing is left when the processes have ended and their userfaultfds were closed, in either order', () => {
  for (const closeFirst of [true, false]) {
    const linux = boot({ release: '6.12' });
    const before = usage(linux.machine);
    const p = linux.spawn('p');
    const page = p.mmap(4, { flags: 'shared anon' });
    const uffd = p.userfaultfd({ features: ['EVENT_FORK', 'EVENT_UNMAP', 'WP_HUGETLBFS_SHMEM'] });
    uffd.register(page, 4, 'missing wp');
    uffd.writeprotect(page, 2);
    p.write(page, 1);
    const child = p.fork('child');
    child.write(page + 4096, 2);
    const { child: forked } = uffd.messages.find(({ event }) => event === 'fork')!;
    const closeBoth = () => [uffd, forked!].forEach((each) => each.close());
    if (closeFirst) closeBoth();
    child.exit();
    p.exit();
    if (!closeFirst) closeBoth();
    run(lruAddDrain(linux.machine));
    expect(usage(linux.machine)).toEqual({ ...before, slabWords: before.slabWords + 2 * Task.words });
  }
});

test('a monitor that asks is told which thread stumbled, and over which byte', () => {
  const process = boot({ release: '6.1' }).spawn('p');
  const page = process.mmap(1);
  const uffd = process.userfaultfd({ features: ['THREAD_ID', 'EXACT_ADDRESS'] });
  uffd.register(page, 1, 'missing');
  process.write(page + 5, 1);
  expect(uffd.messages).toMatchObject([{ address: page + 5, thread: process.pid }]);
});
