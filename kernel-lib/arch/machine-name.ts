/** A machine in words: its architecture and, where that is not the usual one, its CPU: `loongarch64_4k (ptw)`. */
export function machineName({ arch, cpu }: { readonly arch: string; readonly cpu?: string }): string {
  return cpu === undefined ? arch : `${arch} (${cpu})`;
}
