import { architectureAtlasExercises } from './architecture-atlas.js';
import { delayedRmapExercises } from './delayed-rmap.js';
import { dirtyBitsExercises } from './dirty-bits.js';
import { firstFaultExercises } from './first-fault.js';
import { modelAgainstKernelsExercises } from './model-against-kernels.js';
import { pteMarkersExercises } from './pte-markers.js';
import { swpExclusiveExercises } from './swp-exclusive.js';
import { unshareExercises } from './unshare.js';
import { walkersAndTearingExercises } from './walkers-and-tearing.js';

/** Every exercise, by its id, in the order of the workbooks. */
export const exercises = {
  ...firstFaultExercises,
  ...swpExclusiveExercises,
  ...pteMarkersExercises,
  ...unshareExercises,
  ...delayedRmapExercises,
  ...walkersAndTearingExercises,
  ...dirtyBitsExercises,
  ...architectureAtlasExercises,
  ...modelAgainstKernelsExercises,
};

export type ExerciseId = keyof typeof exercises;

/** What an exercise wants to be given. */
export type AnswerOf<Id extends ExerciseId> = Parameters<(typeof exercises)[Id]['judge']>[0];
