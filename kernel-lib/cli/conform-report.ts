import type { Difference, Value } from '../trace/comparison.js';
import type { Conformance, DifferenceKind, FirstDifference, Tally } from '../trace/conformance.js';
import type { RecordedProgram } from '../trace/recording.js';
import type { OperationReport, ReplayTarget } from '../trace/replay.js';

/** What `faultbook conform --json` prints. */
export function conformanceJson(conformance: Conformance): string {
  const { total, byKernel, first } = conformance;
  const report = { ...total, byKernel: Object.fromEntries(byKernel), first, kinds: conformance.kinds() };
  return `${JSON.stringify(report)}\n`;
}

/**
 * What `faultbook conform` prints: agreement per kernel, then what to mend first.
 *
 * @param limit how many kinds of disagreement are shown
 */
export function conformanceText(conformance: Conformance, limit: number): string {
  const { total, byKernel } = conformance;
  if (total.programs === 0) return 'No program is left to replay.\n';
  const rows = [...byKernel].map(([kernel, tally]) => tallyText(kernel, tally));
  if (byKernel.size > 1) rows.push(tallyText('all', total));
  const kinds = conformance.kinds();
  const shown = kinds.slice(0, limit).map(kindText);
  if (kinds.length > 0) {
    shown.unshift('', 'What differs, by kind; first the kinds that most programs meet first:', '');
    shown.splice(3, 0, '  programs  observables  kind');
  }
  if (kinds.length > limit) shown.push(`... and ${kinds.length - limit} kinds more (--limit)`);
  return [...rows, ...shown].map((line) => `${line}\n`).join('');
}

/** Opens a program in the output of `--verbose`. */
export function programText(
  kernel: string,
  program: RecordedProgram,
  { release, arch }: ReplayTarget,
): string {
  const { id, header, dropped } = program;
  const objects = header.objects
    .map(({ object, kind, nrPages }) => ` o${object}=${kind},${nrPages}`)
    .join('');
  const machine = `swap=${header.swap} thp=${header.thp} umiss=${header.umiss}${header.vfio ? ' vfio' : ''}${objects}`;
  const lost = dropped === undefined ? '' : ` (not recorded: ${dropped})`;
  return `\n${id} of ${kernel} on ${release} ${arch}, ${machine}${lost}\n`;
}

/**
 * One operation in the output of `--verbose`, with what differs after it.
 *
 * @param limit how many differences are shown
 */
export function operationText(
  { recorded, agree, disagree, differences }: OperationReport,
  limit: number,
): string {
  const verdict = disagree === 0 ? 'agrees' : `${disagree} of ${agree + disagree} differ`;
  const lines = [`${String(recorded.i).padStart(4)}  ${recorded.op.padEnd(32)} ${verdict}`];
  lines.push(...differences.slice(0, limit).map((difference) => `        ${differenceText(difference)}`));
  const hidden = disagree - Math.min(limit, differences.length);
  if (hidden > 0) lines.push(`        ... and ${hidden} more (--limit)`);
  return lines.map((line) => `${line}\n`).join('');
}

function tallyText(kernel: string, tally: Tally): string {
  const { programs, identical, ops, observables, agree, unsupported, failed, dropped } = tally;
  const share = observables === 0 ? '100.000' : shareText(agree, observables);
  return [
    `${kernel}: ${identical} of ${programs} programs agree entirely; ${ops} operations`,
    `${agree} of ${observables} observables (${share} %) agree`,
    ...(unsupported > 0 ? [`${unsupported} operations unsupported`] : []),
    ...(failed > 0 ? [`${failed} operations failed`] : []),
    ...(dropped > 0 ? [`${dropped} programs not recorded`] : []),
  ].join(', ');
}

/** A share in per cent, rounded down: 100 says that all agree. */
function shareText(agree: number, of: number): string {
  return (Math.floor((agree / of) * 100_000) / 1000).toFixed(3);
}

function kindText({ operation, observable, programs, disagree, example }: DifferenceKind): string {
  const counts = `${String(programs).padStart(10)}  ${String(disagree).padStart(11)}`;
  return `${counts}  ${operation}: ${observable}${example ? `, as in ${exampleText(example)}` : ''}`;
}

function exampleText({ kernel, program, op, line, ...difference }: FirstDifference): string {
  const place = `${kernel} ${program}#${op} "${line}"`;
  return difference.observable === 'operation' ? place : `${place}: ${differenceText(difference)}`;
}

function differenceText({ observable, expected, got }: Difference): string {
  return `${observable} expected ${valueText(expected)}, got ${valueText(got)}`;
}

function valueText(value: Value): string {
  return value === null ? 'nothing' : JSON.stringify(value);
}
