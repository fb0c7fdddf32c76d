/**
 * The lines of a recording as JSON schemas. What every field means is told in datasets/README.md; what a line
 * must look like is decided here and nowhere else.
 */

const count = { type: 'integer', minimum: 0 };
const text = { type: 'string' };
const texts = { type: 'array', items: text };

/** A number, or null where the two recordings of a program differed (see `masked`). */
const figure = { type: ['integer', 'null'] };
const figures = { type: 'object', additionalProperties: figure };

function record(required: Record<string, object>, optional: Record<string, object> = {}): object {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

/** [bits], [bits, entry] or [bits, frame, flags, count]. */
const page = {
  type: 'array',
  items: [text, { type: ['integer', 'string'] }, text, count],
  minItems: 1,
  maxItems: 4,
};

/** [n, page] for n equal pages, [n, page, 1] for n pages with consecutive frames. */
const run = {
  type: 'array',
  items: [{ type: 'integer', minimum: 1 }, page, { enum: [1] }],
  minItems: 2,
  maxItems: 3,
};

const mapping = record({
  r: count,
  i: count,
  n: { type: 'integer', minimum: 1 },
  pr: { type: 'string', pattern: '^[r-][w-][x-][ps]$' },
  o: count,
  fl: text,
  sm: figures,
  pg: { type: 'array', items: run },
});

const object = record({ o: count, size: count, blocks: count, inc: { type: 'string', pattern: '^[01]*$' } });

const event = {
  type: 'object',
  required: ['t'],
  properties: {
    t: { type: 'string', pattern: '^(pf|unreg|fork|ev\\d+)$' },
    ...{ p: count, fl: count, r: count, i: count, err: count },
    res: { enum: ['unwp', 'copy', 'copywp', 'zero'] },
  },
  additionalProperties: false,
};

/** The first line of a file. */
export const fileSchema = record(
  { oracle: { enum: [1] }, kernel: text, release: text, bits: { enum: [32, 64] }, dm: count },
  { machine: text },
);

/** Opens a program. */
export const programSchema = record(
  { prog: text, hdr: text, objs: texts },
  { nops: count, dropped: text, lines: {}, console: {} },
);

/** One operation and everything that was seen after it. */
export const operationSchema = record(
  {
    i: count,
    op: text,
    ret: { type: 'integer' },
    err: count,
    vm: figures,
    S: { type: 'object', additionalProperties: { type: 'array', items: mapping } },
  },
  {
    ...{ sig: { enum: ['SEGV', 'BUS'] }, code: count, min: count, maj: count, val: { type: 'integer' } },
    vals: { type: 'array', items: { type: 'integer', minimum: -2, maximum: 255 } },
    ev: { type: 'array', items: event },
    st: { enum: ['died', 'timeout', 'lost'] },
    O: { type: 'array', items: object },
    masked: texts,
  },
);

/** Closes a program. */
export const endSchema = record(
  { endprog: text, bad: { enum: [0, -1, -2] } },
  { cut: record({ i: count, op: text, differs: texts }) },
);
