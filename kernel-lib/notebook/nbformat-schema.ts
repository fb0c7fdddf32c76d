/**
 * The notebook format 4.5 as a JSON schema (draft-04): accepts exactly what `nbformat.v4.5.schema.json` of the
 * jupyter/nbformat project accepts.
 *
 * @see https://nbformat.readthedocs.io/en/latest/format_description.html
 */

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const only = (...values: string[]) => ({ enum: values });
const string = { type: 'string' };
const boolean = { type: 'boolean' };
const count = { type: ['integer', 'null'], minimum: 0 };
const open = { type: 'object', additionalProperties: true };

/** An object that has all of `required`, may have `optional`, and nothing else. */
function closed(required: Record<string, object>, optional: Record<string, object> = {}) {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

/** A metadata object: the given properties have a fixed meaning, any other is allowed. */
function metadata(properties: Record<string, object>) {
  return { ...open, properties };
}

const named = { name: ref('metadata_name'), tags: ref('metadata_tags') };
const cellStart = { id: ref('cell_id'), source: ref('multiline') };
const attachments = { type: 'object', patternProperties: { '.*': ref('mimebundle') } };

export const NBFORMAT_SCHEMA = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  ...closed({
    metadata: ref('notebook_metadata'),
    nbformat: { type: 'integer', minimum: 4, maximum: 4 },
    nbformat_minor: { type: 'integer', minimum: 5 },
    cells: { type: 'array', items: ref('cell') },
  }),
  definitions: {
    notebook_metadata: metadata({
      kernelspec: { ...metadata({ name: string, display_name: string }), required: ['name', 'display_name'] },
      language_info: {
        ...metadata({
          name: string,
          codemirror_mode: { oneOf: [string, { type: 'object' }] },
          file_extension: string,
          mimetype: string,
          pygments_lexer: string,
        }),
        required: ['name'],
      },
      orig_nbformat: { type: 'integer', minimum: 1 },
      title: string,
      authors: { type: 'array' },
    }),

    cell: { type: 'object', oneOf: [ref('raw_cell'), ref('markdown_cell'), ref('code_cell')] },
    raw_cell: closed(
      {
        ...cellStart,
        cell_type: only('raw'),
        metadata: metadata({ ...named, format: string, jupyter: open }),
      },
      { attachments },
    ),
    markdown_cell: closed(
      { ...cellStart, cell_type: only('markdown'), metadata: metadata({ ...named, jupyter: open }) },
      { attachments },
    ),
    code_cell: closed({
      ...cellStart,
      cell_type: only('code'),
      metadata: metadata({
        ...named,
        jupyter: metadata({ source_hidden: boolean, outputs_hidden: boolean }),
        execution: { ...open, patternProperties: { '^.*$': string } },
        collapsed: boolean,
        scrolled: { enum: [true, false, 'auto'] },
      }),
      outputs: { type: 'array', items: ref('output') },
      execution_count: count,
    }),

    output: {
      type: 'object',
      oneOf: [ref('execute_result'), ref('display_data'), ref('stream'), ref('error')],
    },
    execute_result: closed({
      output_type: only('execute_result'),
      data: ref('mimebundle'),
      metadata: open,
      execution_count: count,
    }),
    display_data: closed({ output_type: only('display_data'), data: ref('mimebundle'), metadata: open }),
    stream: closed({ output_type: only('stream'), name: string, text: ref('multiline') }),
    error: closed({
      output_type: only('error'),
      ename: string,
      evalue: string,
      traceback: { type: 'array', items: string },
    }),

    cell_id: { type: 'string', pattern: '^[a-zA-Z0-9_-]+$', minLength: 1, maxLength: 64 },
    metadata_name: { type: 'string', pattern: '^.+$' },
    metadata_tags: { type: 'array', uniqueItems: true, items: { type: 'string', pattern: '^[^,]+$' } },
    mimebundle: {
      type: 'object',
      // Media types that carry JSON hold any value; all others hold text.
      patternProperties: { '^application/(.*\\+)?json$': {} },
      additionalProperties: ref('multiline'),
    },
    multiline: { oneOf: [string, { type: 'array', items: string }] },
  },
} as const;
