import AjvDraft4 from 'ajv-draft-04';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { NBFORMAT_SCHEMA } from './nbformat-schema.js';

const ajv = new AjvDraft4.default({ allowUnionTypes: true }).addSchema(NBFORMAT_SCHEMA, 'nbformat');

/**
 * Checks a document against the schema of the notebook format 4.5.
 *
 * @returns undefined for a valid notebook, else where it breaks the format and how, as one clause
 */
export function nbformatError(document: unknown): string | undefined {
  const validate = schema('nbformat')!;
  if (validate(document)) return undefined;
  const whole = clause('', validate.errors![0]!);
  for (const part of parts(document)) {
    const error = partError(part);
    if (error) return error;
  }
  return whole;
}

interface Part {
  readonly where: string;
  /** The name of its field that says of which kind it is. */
  readonly kindField: string;
  readonly kind: unknown;
  readonly definition: string;
  readonly value: unknown;
}

/**
 * Outputs and cells, inner before outer. The schema tries each against every kind there is, and most of its errors say
 * that a cell is not of some kind which it never claimed to be; so an invalid part is checked as what it claims.
 */
function* parts(document: unknown): Generator<Part> {
  for (const [i, cell] of list(document, 'cells').entries()) {
    const where = `cells[${i}]`;
    for (const [j, output] of list(cell, 'outputs').entries()) {
      const kind = field(output, 'output_type');
      yield {
        where: `${where}.outputs[${j}]`,
        kindField: 'output_type',
        kind,
        definition: `${kind}`,
        value: output,
      };
    }
    const kind = field(cell, 'cell_type');
    yield { where, kindField: 'cell_type', kind, definition: `${kind}_cell`, value: cell };
  }
}

function partError({ where, kindField, kind, definition, value }: Part): string | undefined {
  const validate = schema(`nbformat#/definitions/${definition}`);
  if (!validate) return `${where}.${kindField} is ${JSON.stringify(kind)}`;
  return validate(value) ? undefined : clause(where, validate.errors![0]!);
}

function clause(where: string, error: ErrorObject): string {
  const path = error.instancePath
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
    .replaceAll('~1', '/');
  const place = (where + path).replace(/^\./, '') || 'the notebook';
  const extra: unknown = error.params.additionalProperty;
  return `${place} ${error.message}${extra === undefined ? '' : ` (${JSON.stringify(extra)})`}`;
}

function schema(name: string): ValidateFunction | undefined {
  return ajv.getSchema(name);
}

function field(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | null)?.[name];
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
