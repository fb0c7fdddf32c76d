import { InputError } from '../base/error.js';
import type { FileHeader } from './recording.js';

/** What a recorded kernel is to the model: a release and an architecture that `boot` knows. */
export interface RecordedKernel {
  /** Short name, `i386-pae-6.5`. */
  readonly kernel: string;
  /** Upstream version, `6.5.10`. */
  readonly release: string;
  /** Architecture variant, `x86_32_pae`. */
  readonly arch: string;
}

/** Debian names a kernel by its ABI; these are the upstream versions behind the recorded ones. */
const upstream: Readonly<Record<string, string>> = {
  '6.1.0-50': '6.1.176',
  '6.1.0-53': '6.1.187',
  '6.5.0-0.deb12.4': '6.5.10',
};

/** The last words of `uname -r`, longest first. */
const flavours: readonly (readonly [ending: string, arch: string])[] = [
  ['-686-pae', 'x86_32_pae'],
  ['-686', 'x86_32'],
  ['-cloud-amd64', 'x86_64'],
  ['-amd64', 'x86_64'],
];

/** `uname -m` of kernels whose names tell nothing, where it leaves no choice. */
const machines: Readonly<Record<string, string>> = { x86_64: 'x86_64' };

/**
 * Which release and architecture a recording was made on.
 *
 * @param given answers that need no guessing, from a person
 * @throws InputError when `uname -r` tells neither
 */
export function recordedKernel(
  header: FileHeader,
  given: { readonly release?: string | undefined } = {},
): RecordedKernel {
  const flavour = flavours.find(([ending]) => header.release.endsWith(ending));
  const arch = flavour?.[1] ?? machines[header.machine ?? ''];
  const abi = flavour ? header.release.slice(0, -flavour[0].length) : header.release;
  const release = given.release ?? upstream[abi] ?? /^\d+\.\d+\.\d+(?=\+|$)/.exec(abi)?.[0];
  if (arch === undefined || release === undefined) {
    throw new InputError(
      `kernel ${header.kernel} (${header.release}): ${release === undefined ? 'release' : 'architecture'} unknown; ` +
        `known are kernels of Debian ${Object.keys(upstream).join(', ')} and those whose name begins with their full ` +
        `version, with ${flavours.map(([ending]) => ending).join(', ')} at the end; of a kernel of your own, ` +
        `give --release`,
    );
  }
  return { kernel: header.kernel, release, arch };
}

/**
 * Letters of page flags that a recording leaves out because the kernel itself reports them wrongly: 6.12 says KSM of
 * every anonymous page in /proc/kpageflags.
 */
export function withheldFlags({ release }: Pick<FileHeader, 'release'>): string {
  return release.startsWith('6.12.') ? 'k' : '';
}
