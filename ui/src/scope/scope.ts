// The one range and filter of all pages: read from the address bar, written to it.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { instant } from './range';
import type { Compare, Search, Zone } from './search';

export interface PageScope {
  from: string | undefined;
  to: string | undefined;
  by: Search['by'];
  arm: string | undefined;
  zone: Zone;
  compare: Compare;
  /** Changes some of it and keeps the rest; undefined takes a part back to its default. */
  change: (patch: Search) => void;
  /** Shows one stretch of time, as after a drag on a chart. */
  zoomTo: (startMilliseconds: number, endMilliseconds: number) => void;
  /** Shows all time again. */
  reset: () => void;
}

export function useScope(): PageScope {
  const { from, to, by, arm, zone, compare } = useSearch({ strict: false, select: scopeOf, structuralSharing: true });
  const navigate = useNavigate();
  const change = useCallback(
    (patch: Search) => {
      void navigate({ to: '.', search: (before: Search) => ({ ...before, ...patch }), replace: false, resetScroll: false });
    },
    [navigate],
  );
  return useMemo(
    () => ({
      from,
      to,
      by,
      arm,
      zone: zone ?? 'model',
      compare: compare ?? 'none',
      change,
      zoomTo: (start: number, end: number) => change({ from: instant(start), to: instant(end) }),
      reset: () => change({ from: undefined, to: undefined }),
    }),
    [from, to, by, arm, zone, compare, change],
  );
}

/** The part of the address bar that is every page's: who reads it is not drawn anew when a page's own part changes. */
function scopeOf({ from, to, by, arm, zone, compare }: Search) {
  return { from, to, by, arm, zone, compare };
}

/** A page's own piece of the address bar: its text (or the default) and how to change it. */
export function useSearchText(name: string, fallback = ''): [string, (text: string) => void] {
  const given = useSearch({ strict: false, select: (search: Search) => search[name] });
  const navigate = useNavigate();
  const set = useCallback(
    (text: string) => {
      const value = text === fallback ? undefined : text;
      void navigate({
        to: '.',
        search: (before: Search) => ({ ...before, [name]: value }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate, name, fallback],
  );
  return [given ?? fallback, set];
}

/** The model in the address, null on pages of the whole workspace. */
export function useModel(): string | null {
  const { model } = useParams({ strict: false }) as { model?: string };
  return model ?? null;
}
