// The columns of the events' table, by kind; what no event of the page has, has no column.
import { Link } from '@tanstack/react-router';
import type { EventRow } from '../../api/types';
import type { Numbers } from '../../charts/NumbersTable';
import type { Column } from '../../design/DataTable';
import { Payload } from '../../design/Payload';
import { VerdictMark } from '../../design/Verdict';
import { keepScope } from '../../scope/keep';
import type { Search } from '../../scope/search';
import { millisecondWords, UNKNOWN } from '../../words/numbers';
import { durationWords, secondTimeWords } from '../../words/times';
import { DecisionLink } from './DecisionLink';
import { EventOutput } from './EventOutput';
import styles from './events.module.css';
import type { Kind } from './filters';
import { slicesWords } from './words';

/** The search of a link to an event: an id alone may be that of another kind, too. */
export const toEvent = (kind: string) => (before: Search): Search => ({ ...keepScope(before), ...(kind === 'prediction' ? {} : { kind }) });

interface EventLinkProps {
  model: string;
  kind: string;
  id: string;
  /** False where the row around it opens the same by keyboard. */
  isReached?: boolean;
}

export function EventLink({ model, kind, id, isReached = true }: EventLinkProps) {
  return (
    <Link
      to="/models/$model/events/$id"
      params={{ model, id }}
      search={toEvent(kind)}
      className={styles.link}
      preload={false}
      tabIndex={isReached ? undefined : -1}
    >
      <Payload text={id} isCode isCut />
    </Link>
  );
}

const cut = (text: string | null) => (text === null ? UNKNOWN : <Payload text={text} isCut />);

export function columnsOf(kind: Kind, first: readonly EventRow[], model: string, zone: string): Column<EventRow>[] {
  const has = (name: keyof EventRow): boolean => first.some((row) => row[name] !== null);
  const optional = (isThere: boolean, column: Column<EventRow>): Column<EventRow>[] => (isThere ? [column] : []);
  const time: Column<EventRow> = { id: 'at', header: 'Time', cell: (row) => secondTimeWords(row.at, zone), width: 184 };
  const id: Column<EventRow> = {
    id: 'id',
    header: 'Id',
    cell: (row) => <EventLink model={model} kind={row.kind} id={row.id} isReached={false} />,
    width: 150,
  };
  const received: Column<EventRow> = {
    id: 'received',
    header: 'Came after',
    help: 'How long after it happened the event was accepted',
    cell: (row) => cameAfter(row),
    width: 110,
    align: 'right',
  };
  switch (kind) {
    case 'prediction':
      return [
        time,
        { id: 'output', header: 'Output', help: 'What the model said, or the error of an answer that failed', cell: (row) => <Output row={row} />, width: 150 },
        ...optional(has('action'), { id: 'action', header: 'Action', cell: (row) => cut(row.action), width: 100 }),
        ...optional(has('decided_by'), { id: 'by', header: 'Decided by', cell: (row) => cut(row.decided_by), width: 104 }),
        ...optional(new Set(first.map((row) => row.arm)).size > 1, { id: 'arm', header: 'Arm', cell: (row) => cut(row.arm), width: 100 }),
        id,
        ...optional(has('version'), { id: 'version', header: 'Version', cell: (row) => cut(row.version), width: 144 }),
        ...optional(has('request_type'), { id: 'type', header: 'Request type', cell: (row) => cut(row.request_type), width: 140 }),
        ...optional(has('latency_ms'), { id: 'latency', header: 'Latency', cell: (row) => millisecondWords(row.latency_ms), width: 100, align: 'right' }),
        { id: 'slices', header: 'Slices', cell: (row) => cut(slicesWords(row.slices)), width: 180, isGrowing: true },
      ];
    case 'feedback':
      return [
        time,
        id,
        { id: 'name', header: 'Label', cell: (row) => cut(row.name), width: 140 },
        { id: 'value', header: 'Value', cell: (row) => cut(row.value), width: 120 },
        { id: 'of', header: 'Speaks of', help: 'The prediction, or else the decision, whose outcome it is', cell: (row) => <SpeaksOf row={row} model={model} />, width: 220, isGrowing: true },
        received,
      ];
    case 'heartbeat':
      return [
        time,
        id,
        { id: 'source', header: 'Source', cell: (row) => cut(row.source), width: 180, isGrowing: true },
        { id: 'until', header: 'Holds data until', cell: (row) => (row.value === null ? UNKNOWN : secondTimeWords(row.value, zone)), width: 200 },
        received,
      ];
    case 'change':
      return [
        time,
        id,
        { id: 'what', header: 'What changed', cell: (row) => cut(row.what), width: 180 },
        { id: 'reference', header: 'Reference', cell: (row) => cut(row.reference), width: 220, isGrowing: true },
        received,
      ];
  }
}

const cameAfter = (row: EventRow): string => durationWords((Date.parse(row.received_at) - Date.parse(row.at)) / 1_000);

function Output({ row }: { row: EventRow }) {
  if (row.error === null) return <EventOutput row={row} isCut />;
  return (
    <span className={styles.failed}>
      <VerdictMark verdict="broken" label="failed" />
      <Payload text={row.error} isCut />
    </span>
  );
}

function SpeaksOf({ row, model }: { row: EventRow; model: string }) {
  if (row.prediction_id !== null) return <EventLink model={model} kind="prediction" id={row.prediction_id} isReached={false} />;
  if (row.decision_id === null) return UNKNOWN;
  return (
    <>
      decision <DecisionLink model={model} decision={row.decision_id} isReached={false} />
    </>
  );
}

const NUMBER_COLUMNS = [
  'kind',
  'id',
  'at',
  'received_at',
  'arm',
  'version',
  'request_type',
  'decision_id',
  'output',
  'score',
  'action',
  'decided_by',
  'latency_ms',
  'error',
  'name',
  'value',
  'prediction_id',
  'source',
  'what',
  'reference',
] as const satisfies readonly (keyof EventRow)[];

/** The rows for CSV, as the API gave them. */
export const eventNumbers = (rows: readonly EventRow[]): Numbers => ({
  columns: [...NUMBER_COLUMNS, 'slices'],
  rows: rows.map((row) => [...NUMBER_COLUMNS.map((name) => row[name]), slicesWords(row.slices)]),
});
