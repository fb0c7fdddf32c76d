/** One change of the kernel's history, as a switch. */
export interface Patch {
  /** First 12 digits of the mainline commit; `?` and a name where the commit could not be confirmed. */
  readonly id: string;
  readonly title: string;
  /** What the reader sees change, in one clause. */
  readonly changes: string;
  /** Release that first had it; absent: none, it was proposed only. */
  readonly since?: string;
  /** Patches without which this one is refused, with the reason. */
  readonly requires?: readonly (readonly [id: string, why: string])[];
  /** Architectures that it concerns; absent: all. */
  readonly arches?: readonly string[];
}
