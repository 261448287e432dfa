// What an address keeps when the reader goes to another page: range and filter, but nothing of the page itself.
import { SCOPE_NAMES, type Search } from './search';

/** For `search` of links within a model. */
export function keepScope(before: Search): Search {
  return Object.fromEntries(SCOPE_NAMES.filter((name) => before[name] !== undefined).map((name) => [name, before[name]]));
}

/** For `search` of links to another model, whose arms are others. */
export function keepRange(before: Search): Search {
  const { arm: _, ...kept } = keepScope(before);
  return kept;
}
