import { type PteCodec } from '../arch/codec.js';

/** Something that mm relies on, asked of one PTE. */
export interface SanityCheck<Sample> {
  readonly name: string;
  /** What ought to hold, as one clause. */
  readonly promises: string;
  readonly holds: (codec: PteCodec, sample: Sample) => boolean;
}
