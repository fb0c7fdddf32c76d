import type { Machine } from '../machine/machine.js';
import { NO_PAGE, pageRefcount, setPageRefcount } from './frame.js';

/**
 * Frames of memory that lies in a device, and that only the device reaches. They have numbers behind those of the
 * machine's own frames, and are on no list.
 *
 * MODEL: one device, which keeps no books: a frame without references is free.
 */

/** Whether a page lies in a device. @kernel include/linux/memremap.h is_device_private_page v6.2 */
export function isDevicePrivatePage(k: Machine, page: number): boolean {
  return page >= k.nrFrames;
}

/** A frame of the device with one reference, NO_PAGE when none is free. MODEL: the driver's part. */
export function allocDevicePage(k: Machine): number {
  for (let page = k.nrFrames; page < k.nrFrames + k.nrDeviceFrames; page++) {
    if (pageRefcount(k, page) !== 0) continue;
    setPageRefcount(k, page, 1);
    return page;
  }
  return NO_PAGE;
}
