/** What a page tells its worker. */
export type Order =
  | { readonly type: 'run'; readonly cell: string; readonly code: string }
  /** A script that was asked for: what it holds, or why it could not be loaded. */
  | { readonly type: 'loaded'; readonly name: string; readonly content?: string; readonly problem?: string };

/** What the worker tells its page. */
export type Report =
  /** One output as HTML; texts of a stream also plain, for they may go on in the last output. */
  | {
      readonly type: 'output';
      readonly cell: string;
      readonly html: string;
      readonly stream?: string;
      readonly text?: string;
    }
  | { readonly type: 'done'; readonly cell: string; readonly failed: boolean }
  /** Something that the page is to load: `recordings/amd64-6.1.jsonl.gz`, `sources`. */
  | { readonly type: 'load'; readonly name: string };
