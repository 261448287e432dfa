// What the model saw: every feature with its value, whether it was valid and fresh, and where it came from.
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { EventDetail } from '../../api/types';
import { type Column, DataTable } from '../../design/DataTable';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { SearchField } from '../../design/SearchField';
import { EmptyState } from '../../design/States';
import { VerdictMark } from '../../design/Verdict';
import { keepScope } from '../../scope/keep';
import { millisecondWords, numberWords, plural, shareWords, UNKNOWN } from '../../words/numbers';
import { durationWords } from '../../words/times';
import styles from './event.module.css';
import { type Fetched, fetchedOf, redactionOf } from './kept';
import type { SpecFeature, SpecFeatures } from './spec';
import { figureWords } from './words';
import { lookUp } from '../../words/lookup';

type EventFeature = EventDetail['features'][number];
interface Row extends EventFeature {
  told: SpecFeature | undefined;
  fetched: Fetched | undefined;
  /** What stands in the value's place, and why. */
  redacted: string | null;
  /** Seconds from the raw event to the prediction. */
  ageSeconds: number | null;
}

/** So many are searched by eye. */
const FEW = 12;

export function EventFeatures({ model, detail, features }: { model: string; detail: EventDetail; features: SpecFeatures }) {
  const [search, setSearch] = useState('');
  const rows = useMemo(() => rowsOf(detail, features), [detail, features]);
  const found = rows.filter((row) => row.feature.toLowerCase().includes(search.toLowerCase()));
  const columns = useMemo(() => columnsOf(model, rows), [model, rows]);
  const isNotKept = detail.capture.reason === 'none';
  const hasValues = rows.some((row) => row.value !== null);
  if (isNotKept && !hasValues) {
    return (
      <Panel title="Features">
        <EmptyState title="Not kept">
          The features of {shareWords(detail.capture.probability)} of predictions are kept, and this one is not among them. Those of failed and of
          overridden answers are kept always.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <Panel
      title="Features"
      note={
        isNotKept
          ? 'Only features that are slices were kept of this prediction'
          : [plural(rows.length, 'feature'), ...troubleWords(rows)].join(', ')
      }
      actions={rows.length > FEW ? <SearchField label="Find a feature" value={search} onChange={setSearch} /> : undefined}
      isFlush
    >
      {found.length === 0 ? (
        <EmptyState title={rows.length === 0 ? 'The spec declares no feature' : 'No feature matches'} />
      ) : (
        <DataTable label="Features" rows={found} columns={columns} rowKey={(row) => row.feature} rowHeight={34} maximumHeight="560px" />
      )}
    </Panel>
  );
}

/** "7 missing", "1 stale": what there is of each. */
function troubleWords(rows: readonly Row[]): string[] {
  const names = [null, 'stand-in', 'stale', 'missing', 'invalid'];
  return names.flatMap((name, trouble) => {
    const count = rows.filter((row) => troubleOf(row) === trouble).length;
    return name === null || count === 0 ? [] : [`${count} ${name}`];
  });
}

function rowsOf({ event, everything, features: seen, redacted }: EventDetail, features: SpecFeatures): Row[] {
  const fetched = fetchedOf(everything);
  const redactions = new Map(redacted.map(redactionOf).map(({ key, words }) => [key, words]));
  return seen.map((feature) => ({
    ...feature,
    told: features.get(feature.feature),
    fetched: fetched.get(feature.feature),
    redacted: redactions.get(`features.${feature.feature}`) ?? null,
    ageSeconds: feature.event_at === null ? null : (Date.parse(event.at) - Date.parse(feature.event_at)) / 1_000,
  }));
}

/** What is worst comes first when sorted: invalid, missing, stale, a stand-in. */
function troubleOf(row: Row): number {
  if (row.reason_invalid !== null) return 4;
  if (isMissing(row)) return 3;
  if (row.status === 'stale') return 2;
  return row.status === 'default' ? 1 : 0;
}

/** A value that the door did not keep was there. */
const isMissing = (row: Row): boolean =>
  row.redacted === null && (row.status === 'missing' || (row.status === null && row.value === null));

const REASONS: Readonly<Record<string, string>> = {
  type: 'wrong type',
  no_zone: 'time without a zone',
  range: 'out of range',
  category: 'not among the declared values',
  required: 'required and missing',
  length: 'longer than declared',
  dimension: 'another dimension',
  nan: 'not a number',
  infinite: 'infinite',
};

function columnsOf(model: string, rows: readonly Row[]): Column<Row>[] {
  const optional = (has: (row: Row) => boolean, column: Column<Row>): Column<Row>[] => (rows.some(has) ? [column] : []);
  return [
    {
      id: 'feature',
      header: 'Feature',
      cell: (row) => (
        <Link to="/models/$model/features/$feature" params={{ model, feature: row.feature }} search={keepScope} tabIndex={-1}>
          {row.feature}
        </Link>
      ),
      sortValue: (row) => row.feature,
      width: 130,
    },
    { id: 'value', header: 'Value', cell: (row) => <Value row={row} />, width: 140, isGrowing: true },
    { id: 'state', header: 'State', help: 'Whether the value was there, valid, fresh, and its own', cell: (row) => <State row={row} />, sortValue: troubleOf, width: 140 },
    ...optional((row) => (row.source ?? row.told?.source ?? null) !== null, {
      id: 'source',
      header: 'Source',
      cell: (row) => row.source ?? row.told?.source ?? UNKNOWN,
      sortValue: (row) => row.source ?? row.told?.source,
      width: 92,
    }),
    ...optional((row) => row.ageSeconds !== null, {
      id: 'age',
      header: 'Age',
      help: 'From the raw event behind the value to the prediction',
      cell: (row) => (row.ageSeconds === null ? UNKNOWN : durationWords(row.ageSeconds)),
      sortValue: (row) => row.ageSeconds,
      width: 76,
      align: 'right',
    }),
    ...optional((row) => (row.fetched?.milliseconds ?? null) !== null, {
      id: 'fetch',
      header: 'Fetch',
      help: 'Time and calls it took to get the value',
      cell: (row) => fetchWords(row.fetched),
      sortValue: (row) => row.fetched?.milliseconds,
      width: 108,
      align: 'right',
    }),
  ];
}

function fetchWords(fetched: Fetched | undefined): string {
  if (fetched === undefined || fetched.milliseconds === null) return UNKNOWN;
  const time = millisecondWords(fetched.milliseconds);
  return fetched.calls === null ? time : `${time}, ${numberWords(fetched.calls)} ${fetched.calls === 1 ? 'call' : 'calls'}`;
}

function Value({ row }: { row: Row }) {
  const { value, told } = row;
  if (value === null) return <span className={styles.nothing}>no value</span>;
  if (typeof value === 'string') return <Payload text={value} isCut />;
  if (typeof value === 'boolean') return String(value);
  return (
    <>
      {figureWords(value)}
      {told?.unit !== null && told !== undefined && <span className={styles.unit}> {told.unit}</span>}
    </>
  );
}

function State({ row }: { row: Row }) {
  if (row.reason_invalid !== null) {
    return (
      <span className={styles.invalid}>
        <VerdictMark verdict="broken" /> {lookUp(REASONS, row.reason_invalid) ?? <Payload text={row.reason_invalid} />}
      </span>
    );
  }
  if (row.status === 'stale') {
    return (
      <span className={styles.stale}>
        <VerdictMark verdict="drifted" /> stale
      </span>
    );
  }
  if (row.redacted !== null) return <Payload text={row.redacted} isCut />;
  if (isMissing(row)) return <span className={styles.nothing}>missing</span>;
  if (row.status === 'default') return <span className={styles.nothing}>a stand-in</span>;
  return row.status === null ? UNKNOWN : row.status;
}
