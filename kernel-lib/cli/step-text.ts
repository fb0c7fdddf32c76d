import type { StepReport } from '../scenario/run.js';

/** A step of a scenario for people: the operation with its counters, and below it the entries that it names. */
export function stepText({ op, err, signal, val, vm, pages, pins }: StepReport): string {
  const results = [
    ...(val === undefined ? [] : [`-> 0x${val.toString(16)}`]),
    ...(err === 0 ? [] : [`fails with errno ${err}`]),
    ...(signal === undefined ? [] : [`gets SIG${signal.sig}`]),
    ...Object.entries(vm).map(([name, by]) => `${name} ${by > 0 ? '+' : ''}${by}`),
  ];
  const entries = pages.map(({ process, value, text, flags }) => {
    const page = flags === undefined ? '' : ` [${flags}]`;
    return `      process ${process}: ${value} ${text}${page}\n`;
  });
  const held = pins.map(
    ({ pin, frame, byte }) => `      pin ${pin}: frame ${frame} holds 0x${byte.toString(16)}\n`,
  );
  return `  ${[op, ...results].join('  ')}\n${entries.join('')}${held.join('')}`;
}
