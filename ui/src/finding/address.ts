// A finding in the address bar, so that it can be shared and closed with Back: `?finding=decision~decision_rate~…`.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import type { Arrow, Finding, Monitor, Series, Slice } from '../api/types';
import type { Search } from '../scope/search';

interface Place {
  arm: string;
  arrow: Arrow;
  start: string;
  end: string;
}

/** What names a finding among those of a model. */
export interface ShownFinding extends Place {
  monitor: Monitor;
  subject: string;
  slice: Slice | null;
}

/** All findings of one arrow in one period. */
export interface ShownCell extends Place {
  monitor: null;
}

export type Shown = ShownFinding | ShownCell;

export function encodeShown(shown: Shown): string {
  const { arm, arrow, start, end } = shown;
  const rest = shown.monitor === null ? [] : [shown.monitor, shown.subject, shown.slice?.name ?? '', shown.slice?.value ?? ''];
  return [arm, arrow, start, end, ...rest].map(escape).join('~');
}

/** The separator itself is no part of what `encodeURIComponent` escapes. */
const escape = (text: string): string => encodeURIComponent(text).replaceAll('~', '%7E').replaceAll('%3A', ':');

export function decodeShown(text: string): Shown | null {
  const [arm, arrow, start, end, monitor, subject, name, value] = text.split('~').map(unescape);
  if (!arm || !arrow || !start || !end || Number.isNaN(Date.parse(start)) || Number.isNaN(Date.parse(end))) return null;
  const place = { arm, arrow: arrow as Arrow, start, end };
  if (!monitor || subject === undefined) return { ...place, monitor: null };
  const slice = name === undefined || name === '' ? null : { name, value: value ?? '' };
  return { ...place, monitor: monitor as Monitor, subject, slice };
}

/** An address that somebody cut short or mistyped names nothing, and breaks nothing. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

interface ShownControl {
  shown: Shown | null;
  show: (shown: Shown) => void;
  /** Shows a finding that the API gave. */
  showFinding: (finding: Finding) => void;
  /** Shows what a series says in one period. */
  showPoint: (series: Series, period: { start: string; end: string }) => void;
  close: () => void;
}

export function useShownFinding(): ShownControl {
  const { finding } = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = useCallback(
    (value: string | undefined) =>
      void navigate({ to: '.', search: (before: Search) => ({ ...before, finding: value }), resetScroll: false }),
    [navigate],
  );
  return useMemo(
    () => ({
      shown: finding === undefined ? null : decodeShown(finding),
      show: (shown) => set(encodeShown(shown)),
      showFinding: (found) => set(encodeShown({ ...found, start: found.window.start, end: found.window.end })),
      showPoint: (series, period) => set(encodeShown({ ...series, start: period.start, end: period.end })),
      close: () => set(undefined),
    }),
    [finding, set],
  );
}
