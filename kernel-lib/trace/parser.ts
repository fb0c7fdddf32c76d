import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { InputError } from '../base/error.js';
import { parseOperation } from './operation.js';
import { parseHeader, type ProgramHeader } from './program.js';
import type { Cut, FileHeader, RecordedOperation, RecordedProgram } from './recording.js';
import { endSchema, fileSchema, operationSchema, programSchema } from './schema.js';

interface ProgramLine {
  readonly prog: string;
  readonly hdr: string;
  readonly objs: readonly string[];
  readonly nops?: number;
  readonly dropped?: string;
}

interface EndLine {
  readonly endprog: string;
  readonly bad: 0 | -1 | -2;
  readonly cut?: Cut;
}

/** A program whose end line has not come yet. */
interface OpenProgram {
  readonly id: string;
  readonly header: ProgramHeader;
  readonly nrOperations: number;
  readonly operations: RecordedOperation[];
  readonly line: number;
}

const ajv = new Ajv({ strictTuples: false, allowUnionTypes: true, verbose: true });

/** Compiling a schema costs milliseconds, so it waits until the first line of its kind comes. */
function lazily<T>(schema: object): () => ValidateFunction<T> {
  let compiled: ValidateFunction<T> | undefined;
  return () => (compiled ??= ajv.compile<T>(schema));
}

const isFileHeader = lazily<FileHeader>(fileSchema);
const isProgramLine = lazily<ProgramLine>(programSchema);
const isOperationLine = lazily<Omit<RecordedOperation, 'operation'>>(operationSchema);
const isEndLine = lazily<EndLine>(endSchema);

/**
 * Reads a recording line by line and hands out each program when its last line has come, so that one program at
 * a time is held. Says file, line, field and what is allowed when something is wrong.
 */
export class RecordingParser {
  readonly file: string;
  /** The first line, once it has come. */
  header: FileHeader | undefined;
  #line = 0;
  #open: OpenProgram | undefined;

  /** @param file its name, for messages */
  constructor(file: string) {
    this.file = file;
  }

  /**
   * Takes the next line, without its newline.
   *
   * @returns the program that this line completes
   * @throws InputError
   */
  push(text: string): RecordedProgram | undefined {
    this.#line++;
    const value = this.#json(text);
    if (!this.header) {
      this.header = this.#check(isFileHeader(), value);
      return undefined;
    }
    if ('prog' in value) return this.#begin(this.#check(isProgramLine(), value));
    if ('endprog' in value) return this.#end(this.#check(isEndLine(), value));
    if ('op' in value) return this.#operation(this.#check(isOperationLine(), value));
    throw this.#error(`the line is of no known kind; allowed: prog, op or endprog among its fields`);
  }

  /**
   * Says that no more lines come.
   *
   * @throws InputError when the recording stops half-way
   */
  close(): void {
    this.#line++;
    if (!this.header) throw this.#error('the file is empty; the first line must describe the kernel');
    if (this.#open)
      throw this.#error(`the file ends inside program ${this.#open.id}: its endprog line is missing`);
  }

  #begin(line: ProgramLine): RecordedProgram | undefined {
    if (this.#open)
      throw this.#error(`program ${line.prog} begins before the endprog line of ${this.#open.id}`);
    const header = this.#parse('hdr', () => parseHeader(line.hdr, line.objs));
    const program = { id: line.prog, header, line: this.#line, operations: [] };
    if (line.dropped !== undefined) {
      const nrOperations = line.nops ?? 0;
      return { ...program, nrOperations, dropped: line.dropped, bad: 0, cut: undefined };
    }
    if (line.nops === undefined) throw this.#error('field nops: is missing');
    this.#open = { ...program, nrOperations: line.nops };
    return undefined;
  }

  #operation(line: Omit<RecordedOperation, 'operation'>): undefined {
    if (!this.#open) throw this.#error('field op: an operation outside a program');
    const { operations, nrOperations } = this.#open;
    const expected = operations.length;
    if (line.i !== expected) throw this.#error(`field i: is ${line.i}; operation ${expected} is missing`);
    if (line.i >= nrOperations)
      throw this.#error(`field i: is ${line.i}; the program has ${nrOperations} operations`);
    const operation = this.#parse('op', () => parseOperation(line.op));
    operations.push({ ...line, operation });
  }

  #end(line: EndLine): RecordedProgram {
    const open = this.#open;
    if (open?.id !== line.endprog) {
      throw this.#error(`field endprog: is ${line.endprog}; the open program is ${open?.id ?? 'none'}`);
    }
    const due = line.cut?.i ?? open.nrOperations;
    const recorded = open.operations.length;
    if (line.bad === 0 && recorded !== due) {
      throw this.#error(
        `program ${open.id}: ${recorded} operations recorded, ${due} announced: operations are missing`,
      );
    }
    this.#open = undefined;
    return { ...open, dropped: undefined, bad: line.bad, cut: line.cut };
  }

  #json(text: string): object {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (err) {
      throw this.#error(`not JSON: ${(err as Error).message}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#error('each line must be a JSON object');
    }
    return value;
  }

  #check<T>(accepts: ValidateFunction<T>, value: unknown): T {
    if (accepts(value)) return value;
    throw this.#error(complaint(accepts.errors![0]!));
  }

  #parse<T>(field: string, parse: () => T): T {
    try {
      return parse();
    } catch (err) {
      if (err instanceof InputError) throw this.#error(`field ${field}: ${err.message}`);
      throw err;
    }
  }

  #error(message: string): InputError {
    return new InputError(`${this.file}:${this.#line}: ${message}`);
  }
}

/** One line from what the validator found: `field S.0[1].pr: must be string`. */
function complaint(error: ErrorObject): string {
  const path = fieldPath(error.instancePath.split('/').slice(1));
  const { missingProperty, additionalProperty, allowedValues } = error.params as Record<string, unknown>;
  const inside = path === '' ? '' : `${path}.`;
  if (missingProperty !== undefined) return `field ${inside}${missingProperty}: is missing`;
  if (additionalProperty !== undefined) {
    const known = Object.keys((error.parentSchema as { properties: object } | undefined)?.properties ?? {});
    return `field ${inside}${additionalProperty}: is unknown; allowed: ${known.join(', ')}`;
  }
  if (allowedValues !== undefined)
    return `field ${path}: must be one of ${(allowedValues as unknown[]).join(', ')}`;
  return `field ${path}: ${error.message}`;
}

/** Numbers are indexes of lists, except behind `S`, where they are processes. */
function fieldPath(parts: readonly string[]): string {
  const isIndex = (at: number): boolean => /^\d+$/.test(parts[at]!) && parts[at - 1] !== 'S';
  return parts.map((part, at) => (isIndex(at) ? `[${part}]` : `${at > 0 ? '.' : ''}${part}`)).join('');
}
