import { InputError } from '../../base/error.js';
import type { FileHeader } from '../recording.js';
import { runGuest, type GuestEnd, type GuestSetup } from './guest.js';
import { AnswerReader, type GuestAnswer, type OperationLine } from './guest-answers.js';
import { moduleFiles, neededModules } from './guest-modules.js';
import { buildGuestProgram } from './guest-program.js';
import { initramfs } from './initramfs.js';
import { guestText, type RecordableProgram } from './recordable.js';
import { agreedProgram, type AgreedProgram, type BootedProgram } from './two-boots.js';

export interface RecordOptions extends Omit<GuestSetup, 'initramfs'> {
  readonly programs: readonly RecordableProgram[];
  /** Folder of the kernel's modules; undefined where all that is needed is built in. */
  readonly modules: string | undefined;
  /** The kernel's short name in the recording; undefined: what it calls itself. */
  readonly name: string | undefined;
  /** Is told of every program that one boot has ended. */
  readonly onProgram: (id: string) => void;
}

/** A program in which the guest stopped, instead of what it showed. */
export interface DroppedProgram {
  readonly dropped: string;
  readonly console: string;
}

export type RecordedOutcome = AgreedProgram | DroppedProgram;

/** What was recorded: the kernel, and each program in the order that was asked for. */
export interface Recorded {
  readonly header: FileHeader;
  readonly outcomes: readonly (readonly [program: RecordableProgram, outcome: RecordedOutcome])[];
}

/**
 * Records programs on a kernel, in two boots and opposite orders.
 *
 * @throws InputError for what is missing on this machine, and for a kernel that does not come up; the signal's reason
 */
export async function record(options: RecordOptions): Promise<Recorded> {
  const { programs } = options;
  const init = buildGuestProgram();
  const modules = moduleFiles(options.modules, neededModules(programs));
  const boots = new Boots(options, [{ path: 'init', content: init, executable: true }, ...modules]);
  const first = await boots.run(programs);
  const second = await boots.run([...programs].reverse());
  return {
    header: boots.header(options.name),
    outcomes: programs.map((program) => [program, merged(first.get(program.id)!, second.get(program.id)!)]),
  };
}

/** The text of a recording's lines. */
export function recordingText({ header, outcomes }: Recorded): string {
  const lines = outcomes.flatMap(([program, outcome]) => linesOf(program, outcome));
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

type BootOutcome = BootedProgram | DroppedProgram;

function merged(first: BootOutcome, second: BootOutcome): RecordedOutcome {
  if ('dropped' in first) return first;
  return 'dropped' in second ? second : agreedProgram(first, second);
}

function linesOf({ id, hdr, objs, ops }: RecordableProgram, outcome: RecordedOutcome): object[] {
  const begin = { prog: id, hdr, objs, nops: ops.length };
  if ('dropped' in outcome) return [{ ...begin, ...outcome, lines: [hdr, ...objs, ...ops, 'end'] }];
  const { operations, bad, cut } = outcome;
  return [begin, ...operations, { endprog: id, bad, ...(cut && { cut }) }];
}

/** `uname -r` and `uname -m`. */
interface GuestKernel {
  readonly release: string;
  readonly machine: string;
}

/** A line of the guest: the kernel at first, then each program's begin, answers and end, then that it is done. */
type GuestLine =
  | GuestKernel
  | { readonly prog: string }
  | GuestAnswer
  | { readonly endprog: string; readonly bad: 0 | -1 | -2 }
  | { readonly failed: string }
  | { readonly done: true };

/** How much of the console goes into a message or a recording. */
const CONSOLE_LINES = 60;

/** Boots guests, as often as it takes to get through a list of programs. */
class Boots {
  readonly #options: RecordOptions;
  readonly #files: Parameters<typeof initramfs>[0];
  #kernel: GuestKernel | undefined;

  constructor(options: RecordOptions, files: Parameters<typeof initramfs>[0]) {
    this.#options = options;
    this.#files = files;
  }

  header(name: string | undefined): FileHeader {
    const { release, machine } = this.#kernel!;
    return { oracle: 1, kernel: name ?? release, release, bits: 64, dm: 1, machine };
  }

  /** A guest that stops in a program costs that program: another guest goes on behind it. */
  async run(programs: readonly RecordableProgram[]): Promise<Map<string, BootOutcome>> {
    const outcomes = new Map<string, BootOutcome>();
    for (let left = programs; left.length > 0;) {
      const stoppedIn = await this.#boot(left, outcomes);
      left = stoppedIn === undefined ? [] : left.slice(left.findIndex(({ id }) => id === stoppedIn) + 1);
    }
    return outcomes;
  }

  /** @returns the program in which the guest stopped, undefined when it got through all */
  async #boot(
    programs: readonly RecordableProgram[],
    outcomes: Map<string, BootOutcome>,
  ): Promise<string | undefined> {
    const text = { path: 'programs', content: Buffer.from(guestText(programs)) };
    const reader = new GuestReader(programs, this.#options.onProgram, outcomes);
    const setup = { ...this.#options, initramfs: initramfs([...this.#files, text]) };
    const end = await runGuest(setup, (line) => reader.push(line));
    this.#kernel ??= reader.kernel;
    if (reader.isDone) return undefined;
    return this.#stopped(reader, end);
  }

  #stopped(reader: GuestReader, { timedOut, console }: GuestEnd): string {
    const tail = console.trimEnd().split('\n').slice(-CONSOLE_LINES);
    const how = timedOut ? `said nothing for ${this.#options.timeout} s` : 'ended';
    const stoppedIn = reader.stop(`the guest ${how}`, tail.join('\n'));
    if (stoppedIn !== undefined) return stoppedIn;
    throw new InputError(
      `${this.#options.kernel}: the guest ${how} outside its programs; ` +
        `the last line on its console: ${tail.at(-1) || 'none'}`,
    );
  }
}

/** Reads one guest's lines into outcomes by program. */
export class GuestReader {
  /** The kernel, once it has told. */
  kernel: GuestKernel | undefined;
  isDone = false;
  readonly #programs: ReadonlyMap<string, RecordableProgram>;
  readonly #onProgram: (id: string) => void;
  readonly #outcomes: Map<string, BootOutcome>;
  #open:
    { readonly id: string; readonly answers: AnswerReader; readonly operations: OperationLine[] } | undefined;

  constructor(
    programs: readonly RecordableProgram[],
    onProgram: (id: string) => void,
    outcomes: Map<string, BootOutcome>,
  ) {
    this.#programs = new Map(programs.map((program) => [program.id, program]));
    this.#onProgram = onProgram;
    this.#outcomes = outcomes;
  }

  /** @throws InputError when the guest says that it cannot go on, or says what is no answer */
  push(text: string): void {
    const line = answerIn(text);
    if ('failed' in line) throw new InputError(`the guest gave up${this.#where()}: ${line.failed}`);
    if ('release' in line) this.kernel = line;
    else if ('prog' in line) this.#begin(line.prog);
    else if ('endprog' in line) this.#end(line.bad);
    else if ('done' in line) this.isDone = true;
    else this.#open!.operations.push(this.#open!.answers.read(line));
  }

  /** The guest has stopped: what was open is dropped, and named. */
  stop(dropped: string, console: string): string | undefined {
    const id = this.#open?.id;
    if (id !== undefined) this.#close({ dropped, console });
    return id;
  }

  #where(): string {
    return this.#open === undefined ? '' : ` in program ${this.#open.id}`;
  }

  #begin(id: string): void {
    const answers = new AnswerReader(this.#programs.get(id)!, this.kernel!);
    this.#open = { id, answers, operations: [] };
  }

  #end(bad: 0 | -1 | -2): void {
    this.#close({ operations: this.#open!.operations, bad });
  }

  #close(outcome: BootOutcome): void {
    const { id } = this.#open!;
    this.#outcomes.set(id, outcome);
    this.#open = undefined;
    this.#onProgram(id);
  }
}

function answerIn(text: string): GuestLine {
  try {
    return JSON.parse(text) as GuestLine;
  } catch (err) {
    throw new InputError(`the guest said what is no answer: "${text.slice(0, 80)}"`, { cause: err });
  }
}
