/** A function of kernel-lib/ that stores page-table entries: one path on which an entry comes to be what it is. */
export interface CallSite {
  /** `huge/split-pmd`. */
  readonly file: string;
  /** `fillWithPages`. */
  readonly name: string;
  /** By which setter: `setPteAt`, `setPmdAt` or `setHugePteAt`. */
  readonly setter: string;
}

/** All of them. The build fills this from the sources: build/call-sites.mjs. */
export const callSites: readonly CallSite[] = [];

/** `huge/split-pmd:fillWithPages`. */
export function siteName({ file, name }: Pick<CallSite, 'file' | 'name'>): string {
  return `${file}:${name}`;
}
