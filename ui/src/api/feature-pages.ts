// The features of a model, page by page as far as the reader scrolls; asked anew when the server has counted more.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useLive } from '../app/live';
import { useRequestScope } from '../scope/request';
import { ask, route } from './client';
import { type FeaturesFilter, type Request, useWindows } from './queries';
import type { FeatureRow, Features, Period, Scope } from './types';

const PAGE_ROWS = 100;
/** As many as the route gives at once. */
const MOST_ROWS = 500;
/** Verdicts may be revised although no more events were counted. */
const REFRESH_MILLISECONDS = 60_000;

export interface LoadedFeatures {
  scope: Scope;
  periods: readonly Period[];
  /** How many there are in all. */
  total: number;
  /** Those that were fetched so far, in the server's order. */
  rows: readonly FeatureRow[];
}

export function useFeaturePages(model: string, filter: Omit<FeaturesFilter, 'limit' | 'offset'>) {
  const { from, to, by, arm, isKnown } = useRequestScope(model);
  const { isPaused } = useLive();
  const request: Request = { path: route('models', model, 'features'), parameters: { from, to, by, arm, ...filter } };
  const { data, error, refetch, isPlaceholderData, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [request.path, request.parameters, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      ask<Features>(request.path, { ...request.parameters, limit: PAGE_ROWS, offset: pageParam }, signal),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const loaded = pages.reduce((sum, page) => sum + page.features.length, 0);
      return last.features.length > 0 && loaded < last.total ? loaded : undefined;
    },
    enabled: isKnown,
    refetchInterval: isPaused ? false : REFRESH_MILLISECONDS,
    placeholderData: (previous, query) => (query?.queryKey[0] === request.path ? previous : undefined),
  });

  const asOf = useWindows(model).data?.scope.as_of_offset;
  const seen = useRef(asOf);
  useEffect(() => {
    if (seen.current !== undefined && asOf !== undefined && asOf !== seen.current) void refetch({ cancelRefetch: false });
    seen.current = asOf ?? seen.current;
  }, [asOf, refetch]);

  const fetchMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isPlaceholderData) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage]);

  const loaded = useMemo(() => (data === undefined ? undefined : joined(data.pages)), [data]);
  return { data: loaded, error, refetch, isPlaceholderData, fetchMore, request };
}

/** The pages as one list; a feature that moved from one page to another while they were fetched stands in it once. */
export function joined(pages: readonly Features[]): LoadedFeatures | undefined {
  const last = pages.at(-1);
  if (last === undefined) return undefined;
  const rows = new Map(pages.flatMap((page) => page.features).map((row) => [row.feature, row]));
  return { scope: last.scope, periods: last.periods, total: last.total, rows: [...rows.values()] };
}

/** All features that a request finds, however many they are. */
export async function askAllFeatures({ path, parameters }: Request): Promise<FeatureRow[]> {
  const pages: Features[] = [];
  for (let offset = 0; ; offset += MOST_ROWS) {
    const page = await ask<Features>(path, { ...parameters, limit: MOST_ROWS, offset });
    pages.push(page);
    if (page.features.length < MOST_ROWS) return [...(joined(pages)?.rows ?? [])];
  }
}
