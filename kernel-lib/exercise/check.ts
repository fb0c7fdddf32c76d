import { InputError } from '../base/error.js';
import type { Judgement } from './exercise.js';
import { type AnswerOf, type ExerciseId, exercises } from './exercises.js';
import { Verdict } from './verdict.js';

/**
 * Judges the answer to an exercise by what it does. An answer that is missing or fails is reported, never thrown.
 *
 * @param id of the exercise: `'01-fork'`
 * @param answer undefined as long as there is none
 * @throws InputError for an exercise that does not exist
 */
export function check<Id extends ExerciseId>(id: Id, answer: AnswerOf<Id> | undefined): Verdict {
  const exercise = exercises[id];
  if (exercise === undefined)
    throw new InputError(`exercise is ${JSON.stringify(id)}; allowed: ${Object.keys(exercises).join(', ')}`);
  const { points, message } = judged(exercise.judge as (given: unknown) => Judgement, answer);
  // A cell that writes to its error stream has no credit for nbgrader, which takes a result of zero for full points.
  if (points === 0) console.error(message);
  return new Verdict(id, points, exercise.points, message);
}

function judged(judge: (given: unknown) => Judgement, answer: unknown): Judgement {
  if (answer === undefined) return { points: 0, message: 'There is no answer yet.' };
  try {
    return judge(answer);
  } catch (err) {
    return { points: 0, message: `The answer stopped: ${err instanceof Error ? err.message : String(err)}` };
  }
}
