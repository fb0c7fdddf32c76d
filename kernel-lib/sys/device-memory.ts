import type { Arch } from '../arch/arch.js';
import { pteCodec } from '../arch/codec.js';
import { InputError } from '../base/error.js';
import { genericMaxSwapfileSize } from '../pgtable/swapops.js';

/** Whether a kernel of the architecture can have CONFIG_DEVICE_PRIVATE, which leads over other options to MIGRATION. */
export function supportsDevicePrivate({ kconfig }: Pick<Arch, 'kconfig'>): boolean {
  return kconfig.MIGRATION;
}

/**
 * Frames that an entry without a page can name, where it stands for one that a device has: as many as slots of a swap
 * area. R3000 has room for 512 MiB.
 */
export function nameableFrames(arch: Arch): number {
  return Number(genericMaxSwapfileSize(pteCodec(arch, 'before')));
}

/** @throws InputError where devices have no pages of processes, or have them where no entry can name them */
export function checkDeviceMemory(arch: Arch, nrFrames: number, nrDeviceFrames: number): void {
  if (nrDeviceFrames === 0) return;
  if (!supportsDevicePrivate(arch)) {
    throw new InputError(`deviceMemory: not on ${arch.id}, whose kernels do not move pages`);
  }
  const most = nameableFrames(arch);
  if (nrFrames + nrDeviceFrames <= most) return;
  const mib = (most * 2 ** arch.pageShift) / 2 ** 20;
  throw new InputError(
    `deviceMemory: memory and deviceMemory together are too large for ${arch.id}; allowed: ${mib}MiB`,
  );
}
