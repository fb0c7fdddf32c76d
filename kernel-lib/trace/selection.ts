import type { RecordedProgram } from './recording.js';

/** Which programs of the given recordings are meant; what is left out means all. */
export interface ProgramChoice {
  /** Keep programs with one of these words. */
  readonly only?: readonly string[] | undefined;
  /** Leave out programs with one of these words. */
  readonly skip?: readonly string[] | undefined;
  /** Keep programs with one of these ids. */
  readonly ids?: readonly string[] | undefined;
}

/** The words by which a program is chosen: its mix, and `uffd` when it makes a userfaultfd. */
export function programWords(program: RecordedProgram): readonly string[] {
  const usesUffd = program.operations.some(({ operation }) => operation.name === 'uffd');
  return usesUffd ? [program.header.profile, 'uffd'] : [program.header.profile];
}

/** Whether a program is among those that are meant. */
export function isChosen(program: RecordedProgram, { only, skip, ids }: ProgramChoice): boolean {
  if (ids && !ids.includes(program.id)) return false;
  const words = programWords(program);
  return !(only && !words.some((word) => only.includes(word))) && !words.some((word) => skip?.includes(word));
}
