import { InputError } from '../../base/error.js';
import { KERNEL_NAME, kernelSpec } from '../kernel/spec.js';
import type { KernelspecMetadata, Notebook } from '../nbformat.js';

const LANGUAGE = 'typescript';

/** Kernels that run the same language but whose notebooks do not always say so. */
const TYPESCRIPT_KERNELS = [KERNEL_NAME, 'tslab'];

/**
 * Refuses a notebook that is written in another language. One that names no language is taken for TypeScript.
 *
 * @throws InputError
 */
export function checkLanguage(path: string, { metadata }: Notebook): void {
  const kernel = metadata.kernelspec;
  const language = kernel?.language ?? metadata.language_info?.name;
  if (language?.toLowerCase() === LANGUAGE) return;
  if (language === undefined && (!kernel || TYPESCRIPT_KERNELS.includes(kernel.name))) return;
  const found = language === undefined ? `for the kernel '${kernel!.name}'` : `in ${language}`;
  throw new InputError(`${path}: is a notebook ${found}; only TypeScript notebooks can be run`);
}

/** What an executed notebook says about its kernel, on every machine. */
export function kernelspecMetadata(): KernelspecMetadata {
  return { name: KERNEL_NAME, display_name: kernelSpec().display_name, language: LANGUAGE };
}
