// Turns the range of the address bar into the range of a request: relative ranges count from the latest event.
import { useQuery } from '@tanstack/react-query';
import { MOST_STALE_SECONDS, ask, route } from '../api/client';
import type { By, OverviewAnswer, Windows } from '../api/types';
import { previous, resolve } from './range';
import { useScope } from './scope';
import { relativeHours } from './search';

export type RangeChoice = 'current' | 'previous' | 'all';

export interface RequestScope {
  from: string | undefined;
  to: string | undefined;
  by: By | undefined;
  arm: string | undefined;
  /** False while the latest event is not known yet, or where there is no such period: nothing can be asked. */
  isKnown: boolean;
}

interface Watermark {
  latest: string | null;
  timezone: string;
}

/** The latest event of the model, or of any model; asked only where a range counts from it. */
function useWatermark(model: string | null, enabled: boolean): Watermark | undefined {
  const path = model === null ? route('overview') : route('models', model, 'windows');
  const { data } = useQuery({
    queryKey: ['watermark', path],
    queryFn: async ({ signal }): Promise<Watermark> => {
      if (model === null) {
        const { models } = await ask<OverviewAnswer>(path, { last: '1d' }, signal, MOST_STALE_SECONDS);
        const latest = models.map((each) => each.latest_event_at).filter((at) => at !== null);
        return { latest: latest.sort().at(-1) ?? null, timezone: 'UTC' };
      }
      const { scope } = await ask<Windows>(path, {}, signal, MOST_STALE_SECONDS);
      return { latest: scope.latest_event_at, timezone: scope.timezone };
    },
    enabled,
    refetchInterval: 30_000,
  });
  return data;
}

export function useRequestScope(model: string | null, choice: RangeChoice = 'current'): RequestScope {
  const { from, to, by, arm } = useScope();
  const isRelative = from !== undefined && relativeHours(from) !== null;
  const needsWatermark = choice !== 'all' && (isRelative || (choice === 'previous' && from !== undefined));
  // Where no model is open nothing of one is asked.
  const watermark = useWatermark(model, needsWatermark && model !== '');
  const unknown = { from: undefined, to: undefined, by, arm, isKnown: false };
  if (choice === 'all') return { ...unknown, isKnown: true };
  if (!needsWatermark) return choice === 'previous' ? unknown : { from, to, by, arm, isKnown: true };
  if (watermark === undefined) return unknown;
  // A model without any event has nothing that a range could count from.
  if (watermark.latest === null) return { ...unknown, isKnown: choice === 'current' };
  const range = resolve({ ...(from ? { from } : {}), ...(to ? { to } : {}) }, watermark.latest, watermark.timezone);
  const chosen = choice === 'previous' ? previous(range, watermark.latest, watermark.timezone) : range;
  if (chosen === null) return unknown;
  return { from: chosen.from, to: chosen.to, by, arm, isKnown: true };
}
