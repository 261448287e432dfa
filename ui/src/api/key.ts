// Keeps the reader's API key for this browser tab and tells who asks when it changes.
const STORAGE_NAME = 'quiver.key';

export interface KeyState {
  key: string | null;
  /** The server refused the key, or asks for one. */
  isRefused: boolean;
}

let state: KeyState = { key: sessionStorage.getItem(STORAGE_NAME), isRefused: false };
const listeners = new Set<() => void>();

function change(next: KeyState): void {
  state = next;
  for (const listener of listeners) listener();
}

export const keyStore = {
  read: (): KeyState => state,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  signIn(key: string): void {
    sessionStorage.setItem(STORAGE_NAME, key);
    change({ key, isRefused: false });
  },
  signOut(): void {
    sessionStorage.removeItem(STORAGE_NAME);
    change({ key: null, isRefused: false });
  },
  /** Told by the client on 401. */
  refuse(): void {
    if (!state.isRefused) change({ ...state, isRefused: true });
  },
};
