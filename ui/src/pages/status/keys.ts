// What a key may do and whether it is still good; knows no component and no clock.
import type { Keys } from '../../api/types';
import { wordsOf } from '../../words/lookup';
import { listWords } from '../../words/numbers';

type Key = Keys['keys'][number];

export type KeyState = { name: 'good'; until: string | null } | { name: 'revoked' | 'expired'; at: string };

export function keyState({ revoked_at, expires_at }: Pick<Key, 'revoked_at' | 'expires_at'>, now: number): KeyState {
  if (revoked_at !== null) return { name: 'revoked', at: revoked_at };
  if (expires_at !== null && Date.parse(expires_at) <= now) return { name: 'expired', at: expires_at };
  return { name: 'good', until: expires_at };
}

/** "send and read", "everything". */
export function scopeWords(scopes: string): string {
  const names = scopes.split(/[\s,]+/).filter(Boolean);
  if (names.includes('admin')) return 'everything';
  return listWords(names.map((name) => wordsOf(VERBS, name) ?? name));
}

const VERBS: Readonly<Record<string, string>> = { ingest: 'send events', read: 'read', operate: 'read and operate' };

/** Those that still open something first, the newest before the older. */
export function orderKeys(keys: readonly Key[]): Key[] {
  return [...keys].sort(
    (left, right) => Number(left.revoked_at !== null) - Number(right.revoked_at !== null) || right.created_at.localeCompare(left.created_at),
  );
}
