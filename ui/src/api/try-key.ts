// Tries a key before it is kept: says whether it opens these pages, and why not where it does not.
import { ApiProblem, route } from './client';
import type { Session } from './types';

export type Tried = { isGood: true; session: Session } | { isGood: false; words: string };

export async function tryKey(key: string): Promise<Tried> {
  // What is no letter of a key cannot even be sent in a header.
  if (!/^[\x21-\x7e]+$/.test(key)) return { isGood: false, words: 'This is no key of Quiver: it holds letters that no key has.' };
  let response: Response;
  try {
    response = await fetch(route('session'), { headers: { Accept: 'application/json', Authorization: `Bearer ${key}` } });
  } catch {
    return { isGood: false, words: 'The server does not answer. Check that it runs, and try again.' };
  }
  if (!response.ok) return { isGood: false, words: `The server cannot look up keys now (status ${response.status}). Try again.` };
  const session = (await response.json()) as Session;
  const words = refusalOf(session);
  return words === null ? { isGood: true, session } : { isGood: false, words };
}

/** Why a session may not see these pages; null where it may. */
export function refusalOf({ requires_key, scopes, refused }: Session): string | null {
  if (!requires_key || scopes.includes('read')) return null;
  if (refused) return `${refused.charAt(0).toUpperCase()}${refused.slice(1)}.`;
  if (scopes.length === 0) return 'This key allows nothing here.';
  return `This key has the scope ${scopes.join(', ')} and may not read. These pages need a key with the scope read.`;
}

/** Whether an error is a key's lack of a scope, which another try does not change. */
export const isForbidden = (error: Error | null): boolean => error instanceof ApiProblem && error.status === 403;
