// Events page by page, the newest first: follows new ones while the first page is all there is, then stands still.
import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useLive } from '../app/live';
import { useRequestScope } from '../scope/request';
import { ask, route } from './client';
import type { EventsFilter, Request } from './queries';
import type { EventRow, Events } from './types';

export const PAGE_ROWS = 100;
const REFRESH_MILLISECONDS = 5_000;
/** A search reads more of the tables than a look at the newest events. */
const SEARCH_REFRESH_MILLISECONDS = 30_000;

type Pages = InfiniteData<Events, string | undefined>;

export interface EventPages {
  /** The first page, whose columns and scope hold for all. */
  data: Events | undefined;
  rows: readonly EventRow[];
  error: Error | null;
  refetch: () => Promise<unknown>;
  /** The rows are those of the filter before, until the new ones are there. */
  isPlaceholderData: boolean;
  hasMore: boolean;
  isLoadingMore: boolean;
  /** Asks for the next page, once at a time. */
  loadMore: () => void;
  /** Events came in after those that stand still. */
  hasNewer: boolean;
  /** Goes back to the first page, as it is now. */
  showNewest: () => void;
  request: Request;
}

const isLong = (pages: { pages: readonly unknown[] } | undefined): boolean => (pages?.pages.length ?? 0) > 1;

export function useEventPages(model: string, filter: EventsFilter): EventPages {
  const { isPaused } = useLive();
  const queries = useQueryClient();
  const { from, to, arm, isKnown } = useRequestScope(model);
  const path = route('models', model, 'events');
  const parameters = { from, to, arm, ...filter, limit: PAGE_ROWS };
  const queryKey = ['pages', path, parameters] as const;
  const { kind: _, ...narrowing } = filter;
  const isSearch = Object.values(narrowing).some((value) => value !== undefined);
  const every = isPaused ? (false as const) : isSearch ? SEARCH_REFRESH_MILLISECONDS : REFRESH_MILLISECONDS;
  // Reading on, a table must not move under the reader, and many pages are not asked for again every few seconds.
  const onlyFirst = (query: { state: { data: { pages: readonly unknown[] } | undefined } }): boolean => !isLong(query.state.data);
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => ask<Events>(path, { ...parameters, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Events) => last.next ?? undefined,
    enabled: isKnown,
    refetchInterval: (query) => (onlyFirst(query) ? every : false),
    refetchOnMount: onlyFirst,
    refetchOnWindowFocus: onlyFirst,
    refetchOnReconnect: onlyFirst,
    placeholderData: (previous: Pages | undefined, before) =>
      before?.queryKey[1] === path && previous?.pages[0]?.kind === (filter.kind ?? 'prediction') ? previous : undefined,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.events) ?? [], [query.data]);
  const first = query.data?.pages[0];
  const newest = useQuery({
    queryKey: [path, { ...parameters, limit: 1 }],
    queryFn: ({ signal }) => ask<Events>(path, { ...parameters, limit: 1 }, signal),
    enabled: isKnown && isLong(query.data) && to === undefined,
    refetchInterval: every,
  });
  const top = newest.data?.events[0];
  return {
    data: first,
    rows,
    error: query.error,
    refetch: query.refetch,
    isPlaceholderData: query.isPlaceholderData,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => {
      if (query.hasNextPage && !query.isFetching && !query.isFetchNextPageError) void query.fetchNextPage();
    },
    hasNewer: isLong(query.data) && top !== undefined && first?.events[0] !== undefined && !isSame(top, first.events[0]),
    showNewest: () => {
      queries.setQueryData<Pages>(queryKey, (pages) => pages && { pages: pages.pages.slice(0, 1), pageParams: pages.pageParams.slice(0, 1) });
      void query.refetch();
    },
    request: { path, parameters },
  };
}

const isSame = (left: EventRow, right: EventRow): boolean => left.id === right.id && left.at === right.at;
