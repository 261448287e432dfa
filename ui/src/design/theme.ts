// Light or dark: follows the system unless the reader chose; tells canvases, which cannot follow by CSS.
import { useSyncExternalStore } from 'react';

export type ThemeChoice = 'system' | 'light' | 'dark';
const STORAGE_NAME = 'quiver.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function read(): ThemeChoice {
  const stored = localStorage.getItem(STORAGE_NAME);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

let choice = read();

function apply(): void {
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  for (const listener of listeners) listener();
}

/** Called once, before the first paint. */
export function startTheme(): void {
  apply();
  dark.addEventListener('change', apply);
}

export function chooseTheme(next: ThemeChoice): void {
  choice = next;
  if (next === 'system') localStorage.removeItem(STORAGE_NAME);
  else localStorage.setItem(STORAGE_NAME, next);
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(subscribe, () => choice);

/** What is shown now. */
export const useTheme = (): 'light' | 'dark' =>
  useSyncExternalStore(subscribe, () => (choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice));
