import type { Comments } from '../comments.js';

/** What the build has collected, put in by it. */
declare const FAULTBOOK_COMMENTS: Comments;

/** The same as on Node. */
export function modelComments(): Comments {
  return FAULTBOOK_COMMENTS;
}
