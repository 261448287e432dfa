// The filters of the events as they stand in the address bar, and as the API takes them; knows no component.
import type { EventsFilter } from '../../api/queries';
import type { Search } from '../../scope/search';

export type Kind = NonNullable<EventsFilter['kind']>;
export const KINDS: readonly { value: Kind; name: string }[] = [
  { value: 'prediction', name: 'Predictions' },
  { value: 'feedback', name: 'Feedback' },
  { value: 'heartbeat', name: 'Heartbeats' },
  { value: 'change', name: 'Changes' },
];

const NAMES = ['id', 'version', 'action', 'failed', 'min_score', 'max_score', 'slice_name', 'slice_value'] as const;
type Name = (typeof NAMES)[number];

/** Every filter as text, empty where it is not set. */
export type Filters = Readonly<Record<Name, string>> & { kind: Kind };

/** What nobody can ask of other events than predictions. */
const OF_PREDICTIONS: readonly Name[] = ['version', 'action', 'failed', 'min_score', 'max_score', 'slice_name', 'slice_value'];

export function readFilters(search: Search): Filters {
  const kind = KINDS.find((each) => each.value === search.kind)?.value ?? 'prediction';
  const texts = Object.fromEntries(
    NAMES.map((name) => [name, kind !== 'prediction' && OF_PREDICTIONS.includes(name) ? '' : (search[name] ?? '')]),
  ) as Record<Name, string>;
  if (!['true', 'false'].includes(texts.failed)) texts.failed = '';
  for (const name of ['min_score', 'max_score'] as const) {
    if (numberOf(texts[name]) === undefined) texts[name] = '';
  }
  return { ...texts, kind };
}

export function requestOf(filters: Filters): EventsFilter {
  const { kind, id, version, action, failed, slice_name, slice_value } = filters;
  const isSliced = slice_name !== '' && slice_value !== '';
  return {
    kind,
    ...(id === '' ? {} : { id }),
    ...(version === '' ? {} : { version }),
    ...(action === '' ? {} : { action }),
    ...(failed === '' ? {} : { failed: failed === 'true' }),
    min_score: numberOf(filters.min_score),
    max_score: numberOf(filters.max_score),
    ...(isSliced ? { slice_name, slice_value } : {}),
  };
}

function numberOf(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number;
}

/** The change of the address that sets some filters: what is empty goes, and what fits no other kind goes with it. */
export function searchOf(patch: Partial<Filters>): Search {
  const dropped = patch.kind !== undefined && patch.kind !== 'prediction' ? OF_PREDICTIONS.map((name) => [name, undefined]) : [];
  const set = Object.entries(patch).map(([name, value]) => [name, value === '' || value === 'prediction' ? undefined : value]);
  return Object.fromEntries([...dropped, ...set]);
}

export const noFilters = (): Search => Object.fromEntries(NAMES.map((name) => [name, undefined]));

export const isFiltered = (filters: Filters): boolean => NAMES.some((name) => filters[name] !== '');
