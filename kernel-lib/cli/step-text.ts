import type { StepReport } from '../scenario/step-report.js';
import { counterWords, entryWords, faultWords, pinWords, resultWords } from '../scenario/step-words.js';

/** A step of a scenario for people: the operation with what it gave, and below it the entries and pins. */
export function stepText(step: StepReport): string {
  const told = [step.op, resultWords(step), faultWords(step), counterWords(step)].filter((word) => word);
  const seen = [...step.pages.map(entryWords), ...step.pins.map(pinWords)];
  return `  ${told.join('  ')}\n${seen.map((line) => `      ${line}\n`).join('')}`;
}
