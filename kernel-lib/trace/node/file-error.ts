import { InputError } from '../../base/error.js';

/** Why a file could not be read, in one line. @param path as the user wrote it; `what` it ought to be: `a recording` */
export function fileError(path: string, err: unknown, what: string): InputError {
  return new InputError(`${path}: ${reason(err as NodeJS.ErrnoException, what)}`, { cause: err });
}

function reason(err: NodeJS.ErrnoException, what: string): string {
  switch (err.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return `is a folder, not ${what}`;
    case 'EACCES':
      return 'may not be read';
    case 'Z_BUF_ERROR':
      return 'the gzip data ends too early: the file is truncated';
    case 'Z_DATA_ERROR':
      return `the gzip data is damaged (${err.message})`;
    default:
      return err.message;
  }
}
