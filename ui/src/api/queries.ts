// One typed query a route of the API; each follows the range and filter of the address bar.
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useLive } from '../app/live';
import { type RangeChoice, useRequestScope } from '../scope/request';
import { MOST_STALE_SECONDS, type Parameters, ask, route } from './client';
import type {
  Arrow,
  By,
  Comparison,
  Decision,
  Diagnoses,
  EventDetail,
  Events,
  FeatureDetail,
  FeatureSlices,
  Features,
  Findings,
  Inference,
  Keys,
  Monitor,
  Overview,
  OverviewAnswer,
  Performance,
  SeriesAnswer,
  Session,
  Slices,
  SpecDetail,
  Specs,
  Status,
  Windows,
} from './types';

/** How a model's query departs from the range and filter of the address bar. */
export interface ScopeOptions {
  /** `current` (default), `previous` (the period of the same length before it) or `all` (no range). */
  range?: RangeChoice;
  /** Another arm than the chosen one. */
  arm?: string;
  enabled?: boolean;
}

/** A query's answer, with the address that gave it for "Query" in the charts. */
export type Answered<Answer> = UseQueryResult<Answer, Error> & { request: Request };
export interface Request {
  path: string;
  parameters: Parameters;
}

const REFRESH_MILLISECONDS = 5_000;
/** For answers that the server works out from stored profiles each time, and for what hardly changes. */
const SLOW_REFRESH_MILLISECONDS = 60_000;

function useAsk<Answer, Told = Answer>(
  request: Request,
  enabled = true,
  refreshMilliseconds: number | false = REFRESH_MILLISECONDS,
  select?: (answer: Answer) => Told,
): Answered<Told> {
  const { isPaused } = useLive();
  const query = useQuery<Answer, Error, Told>({
    queryKey: [request.path, request.parameters],
    queryFn: ({ signal }) => ask<Answer>(request.path, request.parameters, signal, MOST_STALE_SECONDS),
    enabled,
    select,
    // An answer that says the same draws nothing anew.
    notifyOnChangeProps: ['data', 'error', 'isPlaceholderData'],
    refetchInterval: isPaused ? false : refreshMilliseconds,
    // Another range of the same thing keeps the old picture until the new one is there; another thing does not.
    placeholderData: (previous, query) => (query?.queryKey[0] === request.path ? previous : undefined),
  });
  return { ...query, request };
}

function useModelAsk<Answer>(
  model: string,
  parts: string[],
  options: ScopeOptions & { parameters?: Parameters; refreshMilliseconds?: number } = {},
): Answered<Answer> {
  const scope = useRequestScope(model, options.range);
  const parameters = {
    from: scope.from,
    to: scope.to,
    by: scope.by,
    arm: options.arm ?? scope.arm,
    ...options.parameters,
  };
  const request = { path: route('models', model, ...parts), parameters };
  return useAsk<Answer>(request, scope.isKnown && (options.enabled ?? true), options.refreshMilliseconds);
}

const SESSION: Request = { path: route('session'), parameters: {} };
/** Where the session is kept, for who has just asked for it. */
export const SESSION_KEY = [SESSION.path, SESSION.parameters] as const;

export const useSession = (): Answered<Session> => useAsk(SESSION);

export function useOverview(): Answered<Overview> {
  const { from, to, by, isKnown } = useRequestScope(null);
  return useAsk({ path: route('overview'), parameters: { from, to, by } }, isKnown, REFRESH_MILLISECONDS, withPeriods);
}

/** Gives each model the list of periods that it shares with others. */
function withPeriods({ calendars, models }: OverviewAnswer): Overview {
  return { models: models.map((model) => ({ ...model, periods: calendars[model.calendar] ?? [] })) };
}

export const useWindows = (model: string, options?: ScopeOptions): Answered<Windows> =>
  useModelAsk(model, ['windows'], options);

export const useDiagnosis = (model: string, options?: ScopeOptions): Answered<Diagnoses> =>
  useModelAsk(model, ['diagnosis'], options);

export type FindingsFilter = {
  arrow?: Arrow;
  monitor?: Monitor;
  subject?: string;
  verdict?: string;
  slice_name?: string;
  slice_value?: string;
  limit?: number;
  offset?: number;
  /** Another range than the chosen one, as for a single window. */
  from?: string;
  to?: string;
  by?: By;
};

export const useFindings = (model: string, filter: FindingsFilter = {}, options?: ScopeOptions): Answered<Findings> =>
  useModelAsk(model, ['findings'], { ...options, parameters: filter });

export type SeriesFilter = { arrow?: Arrow; monitor?: Monitor; subject?: string; slices?: boolean };

export const useSeries = (model: string, filter: SeriesFilter = {}, options?: ScopeOptions): Answered<SeriesAnswer> =>
  useModelAsk(model, ['series'], { ...options, parameters: filter });

export type FeaturesFilter = {
  search?: string;
  verdict?: string;
  sort?: 'attention' | 'name' | 'drift' | 'harm' | 'missing' | 'stale' | 'defaulted' | 'invalid' | 'cost';
  order?: 'asc' | 'desc';
  limit?: number;
  offset?: number;
};

export const useFeatures = (model: string, filter: FeaturesFilter = {}, options?: ScopeOptions): Answered<Features> =>
  useModelAsk(model, ['features'], { ...options, parameters: filter });

export const useFeature = (model: string, feature: string, options?: ScopeOptions): Answered<FeatureDetail> =>
  useModelAsk(model, ['features', feature], options);

export const useFeatureSlices = (model: string, feature: string, options?: ScopeOptions): Answered<FeatureSlices> =>
  useModelAsk(model, ['features', feature, 'slices'], options);

export const useSlices = (model: string, options?: ScopeOptions): Answered<Slices> =>
  useModelAsk(model, ['slices'], { ...options, refreshMilliseconds: SLOW_REFRESH_MILLISECONDS });

export const useInference = (
  model: string,
  group: 'version' | 'arm' | 'request_type',
  options?: ScopeOptions,
): Answered<Inference> => useModelAsk(model, ['inference'], { ...options, parameters: { group } });

export const useDecision = (model: string, options?: ScopeOptions): Answered<Decision> =>
  useModelAsk(model, ['decision'], options);

export const usePerformance = (model: string, options?: ScopeOptions): Answered<Performance> =>
  useModelAsk(model, ['performance'], options);

export type ComparisonSides = {
  left_arm?: string;
  left_version?: string;
  left_from?: string;
  left_to?: string;
  right_arm?: string;
  right_version?: string;
  right_from?: string;
  right_to?: string;
};

export const useComparison = (model: string, sides: ComparisonSides, enabled = true): Answered<Comparison> =>
  useAsk({ path: route('models', model, 'compare'), parameters: sides }, enabled, SLOW_REFRESH_MILLISECONDS);

export type EventsFilter = {
  version?: string;
  kind?: 'prediction' | 'feedback' | 'heartbeat' | 'change';
  id?: string;
  decision_id?: string;
  action?: string;
  failed?: boolean;
  min_score?: number;
  max_score?: number;
  slice_name?: string;
  slice_value?: string;
  limit?: number;
  cursor?: string;
};

export const useEvents = (model: string, filter: EventsFilter = {}, options?: ScopeOptions): Answered<Events> =>
  useModelAsk(model, ['events'], { ...options, parameters: filter });

/** Without a kind it is the first of the four that has the id. */
export const useEvent = (model: string, id: string, kind?: string): Answered<EventDetail> =>
  useAsk({ path: route('models', model, 'events', id), parameters: { kind } }, true, SLOW_REFRESH_MILLISECONDS);

export const useSpecs = (model: string): Answered<Specs> =>
  useAsk({ path: route('models', model, 'specs'), parameters: {} }, true, SLOW_REFRESH_MILLISECONDS);

export const useSpec = (model: string, number: number | null): Answered<SpecDetail> =>
  useAsk({ path: route('models', model, 'specs', String(number ?? '')), parameters: {} }, number !== null, false);

export const useStatus = (): Answered<Status> => useAsk({ path: route('status'), parameters: {} });

export const useKeys = (enabled = true): Answered<Keys> => useAsk({ path: route('keys'), parameters: {} }, enabled);
