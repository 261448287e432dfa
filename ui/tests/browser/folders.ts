// Where the tests write: outside the repository, always.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Pictures of every page, to be looked at. */
export const SCREENSHOTS_FOLDER = process.env.QUIVER_SCREENSHOTS ?? join(tmpdir(), 'quiver-screenshots');

/** What a failed test leaves behind. */
export const RESULTS_FOLDER = join(tmpdir(), 'quiver-browser-tests');
