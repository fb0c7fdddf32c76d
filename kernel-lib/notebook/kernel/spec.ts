import { fileURLToPath } from 'node:url';

/** What Jupyter reads from `kernel.json`: how to start a kernel and what to call it. */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: 'message' | 'signal';
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The folder under which front ends find this kernel, and its name in a notebook's metadata. */
export const KERNEL_NAME = 'faultbook';

// Sources and build lie equally deep below the package, so the tests find the built launcher too.
const packageRoot = new URL('../../../', import.meta.url);
const launcher = fileURLToPath(new URL('dist/notebook/kernel/launcher.js', packageRoot));

// `require` of an ES module, which every import in a cell becomes, would print a warning into the first output.
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];

/**
 * The command that starts a kernel process.
 *
 * @param connectionFile path of a Jupyter connection file (JSON with ports and key)
 * @returns absolute program path and its arguments
 */
export function kernelArgv(connectionFile: string): string[] {
  return [process.execPath, ...NODE_FLAGS, launcher, '--connection-file', connectionFile];
}

/** The kernelspec of this installation: absolute paths, so that it works in every folder. */
export function kernelSpec(): KernelSpec {
  return {
    argv: kernelArgv('{connection_file}'),
    display_name: 'Faultbook (TypeScript)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { debugger: false },
  };
}
