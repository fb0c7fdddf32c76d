import { posix } from 'node:path';

/** Where everything that is no page lies. */
export const ASSETS = 'assets';

/**
 * The page of a notebook, beside it.
 *
 * @param notebook its path below the site's folder, with forward slashes
 * @throws Error when the path leaves that folder or is no notebook's
 */
export function pagePath(notebook: string): string {
  const path = posix.normalize(notebook);
  if (posix.isAbsolute(path) || path.startsWith('..') || !path.endsWith('.ipynb')) {
    throw new Error(
      `a page needs a notebook's path below the site's folder, not ${JSON.stringify(notebook)}`,
    );
  }
  // `index.html` is the site's own.
  return path === 'index.ipynb' ? 'index.ipynb.html' : path.replace(/\.ipynb$/, '.html');
}

/** The address of `to` as a link in the page `from`; both lie below the site's folder. */
export function href(from: string, to: string): string {
  return posix.relative(posix.dirname(from), to).split('/').map(encodeURIComponent).join('/');
}

/** Where the edition of a notebook lies whose exercises are not solved. */
export function studentPath(notebook: string): string {
  return posix.join('student', posix.normalize(notebook));
}
