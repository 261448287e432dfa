// The keys that work on every page.
import type { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useWindows } from '../api/queries';
import { keepRange, keepScope } from '../scope/keep';
import { shift } from '../scope/range';
import { useScope } from '../scope/scope';
import { useLive } from './live';
import { MODEL_PLACES, OVERVIEW, STATUS } from './places';

interface Shortcuts {
  model: string | null;
  navigate: ReturnType<typeof useNavigate>;
  openPalette: () => void;
  openHelp: () => void;
  /** Something was opened over the page, and may still be on its way: keys are meant for it. */
  isCovered: boolean;
}

/** The second key of `g o` must come within this time. */
const SEQUENCE_MILLISECONDS = 1_200;

export function useShortcuts(shortcuts: Shortcuts): void {
  const { from, to, change } = useScope();
  const { isPaused, setPaused } = useLive();
  const windows = useWindows(shortcuts.model ?? '', { enabled: shortcuts.model !== null });
  const scope = windows.data?.scope;

  const move = (steps: -1 | 1): void => {
    if (scope?.latest_event_at == null) return;
    const range = shift({ ...(from ? { from } : {}), ...(to ? { to } : {}) }, steps, scope.latest_event_at, scope.timezone);
    if (range !== null) change({ from: range.from, to: range.to });
  };
  const go = (key: string): void => {
    const { model, navigate } = shortcuts;
    const place = MODEL_PLACES.find((each) => each.key === key);
    if (key === OVERVIEW.key) void navigate({ to: '/', search: keepRange });
    else if (key === STATUS.key) void navigate({ to: '/status', search: keepRange });
    else if (place !== undefined && model !== null) void navigate({ to: place.to, params: { model }, search: keepScope });
  };
  const commands: Record<string, () => void> = {
    '?': shortcuts.openHelp,
    '[': () => move(-1),
    ']': () => move(1),
    p: () => setPaused(!isPaused),
  };

  const { openPalette, isCovered } = shortcuts;
  const latest = useRef({ commands, go, openPalette, isCovered });
  latest.current = { commands, go, openPalette, isCovered };
  useEffect(() => {
    let startedAt = -Infinity;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) {
        event.preventDefault();
        latest.current.openPalette();
        return;
      }
      const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey;
      if (!isPlain || latest.current.isCovered || isTyping(event.target) || document.querySelector('[role="dialog"]') !== null) return;
      if (event.timeStamp - startedAt < SEQUENCE_MILLISECONDS) {
        startedAt = -Infinity;
        latest.current.go(event.key);
      } else if (event.key === 'g') startedAt = event.timeStamp;
      else latest.current.commands[event.key]?.();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.closest('[role="listbox"],[role="menu"]') !== null);
