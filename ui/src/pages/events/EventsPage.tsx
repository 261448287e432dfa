// The page Events: single events, searched and filtered, the newest first; a row opens the event.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { type EventPages, useEventPages } from '../../api/event-pages';
import type { EventRow, Events } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Button } from '../../design/Button';
import { classes } from '../../design/classes';
import { DataTable } from '../../design/DataTable';
import { Page } from '../../design/Page';
import { Panel } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { useScope } from '../../scope/scope';
import type { Search } from '../../scope/search';
import { useZone } from '../../scope/zone';
import { plural } from '../../words/numbers';
import { windowWords } from '../../words/times';
import { columnsOf, eventNumbers, toEvent } from './columns';
import { EventFilters } from './EventFilters';
import styles from './events.module.css';
import { type Filters, isFiltered, type Kind, KINDS, noFilters, readFilters, requestOf, searchOf } from './filters';

/** What stands above and below a table that is as high as the window. */
const TABLE_HEIGHT = 'max(320px, calc(100vh - 360px))';

export function EventsPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const filters = useMemo(() => readFilters(search), [search]);
  const pages = useEventPages(model, requestOf(filters));
  const change = useCallback(
    (patch: Search) =>
      void navigate({ to: '.', search: (before: Search) => ({ ...before, ...patch }), replace: true, resetScroll: false }),
    [navigate],
  );
  const clear = (): void => change(noFilters());
  return (
    <Page title="Events" model={model} about="Every event as it was kept: redacted at the door, filed by the time at which it happened.">
      <EventFilters
        model={model}
        filters={filters}
        rows={pages.rows}
        onChange={(patch: Partial<Filters>) => change(searchOf(patch))}
        onClear={clear}
      />
      <Loaded
        query={pages}
        skeleton={
          <Panel>
            <Skeleton height={480} />
          </Panel>
        }
        isEmpty={({ events }) => events.length === 0}
        empty={<NoEvents pages={pages} isNarrowed={isFiltered(filters)} kind={filters.kind} onClear={clear} />}
      >
        {(first) => <EventList model={model} filters={filters} first={first} pages={pages} />}
      </Loaded>
    </Page>
  );
}

interface EventListProps {
  model: string;
  filters: Filters;
  first: Events;
  pages: EventPages;
}

function EventList({ model, filters, first, pages }: EventListProps) {
  const { kind, id } = filters;
  const { arm } = useScope();
  const zone = useZone();
  const navigate = useNavigate();
  const [turn, setTurn] = useState(0);
  const columns = useMemo(() => columnsOf(kind, first.events, model, zone), [kind, first, model, zone]);
  const open = useCallback(
    (row: EventRow) => void navigate({ to: '/models/$model/events/$id', params: { model, id: row.id }, search: toEvent(row.kind) }),
    [navigate, model],
  );
  const { rows, hasMore } = pages;
  // Only predictions have an arm, and an id is looked for in all of them.
  const isOfAllArms = kind !== 'prediction' || (id !== '' && arm === undefined);
  return (
    <ChartFrame
      title={nameOf(kind)}
      note={`The newest first, ${windowWords(first.scope.from, first.scope.to, zone)}${isOfAllArms ? ', of all arms' : ''}`}
      request={pages.request}
      numbers={() => eventNumbers(rows)}
      hasImage={false}
      isFlush
    >
      <div className={classes(styles.list, pages.isPlaceholderData && styles.old)} aria-busy={pages.isPlaceholderData}>
        {pages.hasNewer && (
          <div className={styles.newer}>
            <Button
              look="accent"
              onPress={() => {
                pages.showNewest();
                // The table begins at its top again.
                setTurn(turn + 1);
              }}
            >
              Newer events came in: show them
            </Button>
          </div>
        )}
        <DataTable
          key={turn}
          label={nameOf(kind)}
          rows={rows}
          columns={columns}
          rowKey={(row) => `${row.id} ${row.at} ${row.arm}`}
          onOpen={open}
          onEnd={pages.loadMore}
          rowHeight={36}
          maximumHeight={TABLE_HEIGHT}
        />
      </div>
      <footer className={styles.foot}>
        <span role="status">{footWords(pages)}</span>
        {pages.error !== null && hasMore && <Button onPress={() => void pages.refetch()}>Try again</Button>}
      </footer>
    </ChartFrame>
  );
}

function footWords({ rows, hasMore, isLoadingMore, error }: EventPages): string {
  const count = plural(rows.length, 'event');
  if (error !== null && hasMore) return `${count} shown; more could not be loaded`;
  if (isLoadingMore) return `${count} shown, loading more …`;
  return hasMore ? `${count} shown, more below` : `${count}, that is all`;
}

const nameOf = (kind: Kind): string => KINDS.find((each) => each.value === kind)?.name ?? kind;

interface NoEventsProps {
  pages: EventPages;
  isNarrowed: boolean;
  kind: Kind;
  onClear: () => void;
}

/** Nothing was found: says where it was looked for, and what may widen the search. */
function NoEvents({ pages, isNarrowed, kind, onClear }: NoEventsProps) {
  const zone = useZone();
  const scope = pages.data?.scope;
  const range = scope === undefined ? '' : windowWords(scope.from, scope.to, zone);
  const name = nameOf(kind).toLowerCase();
  return (
    <Panel>
      {isNarrowed ? (
        <EmptyState title="No event matches" action={<Button onPress={onClear}>Clear the filters</Button>}>
          Looked for among {name} of {range}. Ids, versions, actions and slices match whole and letter by letter.
        </EmptyState>
      ) : (
        <EmptyState title={`No ${name} in this range`}>
          {scope?.latest_event_at == null
            ? 'No event of this model has come in yet.'
            : `Nothing of this kind happened in ${range}, or retention has removed it.`}
        </EmptyState>
      )}
    </Panel>
  );
}
