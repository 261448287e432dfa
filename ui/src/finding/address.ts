// A finding in the address bar, so that it can be shared and closed with Back: `?finding=decision.decision_rate.…`.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import type { Arrow, Finding, Monitor, Series, Slice } from '../api/types';
import type { Search } from '../scope/search';

/** What names a finding among those of an arm. */
export interface ShownFinding {
  arrow: Arrow;
  monitor: Monitor;
  subject: string;
  slice: Slice | null;
  start: string;
  end: string;
  arm: string;
}

export function encodeFinding(shown: ShownFinding): string {
  const { arrow, monitor, subject, slice, start, end, arm } = shown;
  return [arrow, monitor, subject, slice?.name ?? '', slice?.value ?? '', start, end, arm].map(encodeURIComponent).join('~');
}

export function decodeFinding(text: string): ShownFinding | null {
  const parts = text.split('~').map(decodeURIComponent);
  const [arrow, monitor, subject, name, value, start, end, arm] = parts;
  if (parts.length !== 8 || !arrow || !monitor || subject === undefined || !start || !end || !arm) return null;
  return {
    arrow: arrow as Arrow,
    monitor: monitor as Monitor,
    subject,
    slice: name === undefined || name === '' ? null : { name, value: value ?? '' },
    start,
    end,
    arm,
  };
}

interface ShownFindingControl {
  shown: ShownFinding | null;
  show: (finding: ShownFinding) => void;
  /** Shows a finding that the API gave. */
  showFinding: (finding: Finding) => void;
  /** Shows what a series says in one period. */
  showPoint: (series: Series, period: { start: string; end: string }) => void;
  close: () => void;
}

export function useShownFinding(): ShownFindingControl {
  const { finding } = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const set = useCallback(
    (value: string | undefined) =>
      void navigate({ to: '.', search: (before: Search) => ({ ...before, finding: value }), resetScroll: false }),
    [navigate],
  );
  return useMemo(
    () => ({
      shown: finding === undefined ? null : decodeFinding(finding),
      show: (shown) => set(encodeFinding(shown)),
      showFinding: (found) => set(encodeFinding({ ...found, start: found.window.start, end: found.window.end })),
      showPoint: (series, period) => set(encodeFinding({ ...series, start: period.start, end: period.end })),
      close: () => set(undefined),
    }),
    [finding, set],
  );
}
