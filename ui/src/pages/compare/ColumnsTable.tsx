// Every column of both sides, those that differ most first, with their distributions over each other.
import { useState } from 'react';
import type { Request } from '../../api/queries';
import type { Arrow, Comparison } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Histogram } from '../../charts/Histogram';
import { Entry, legendStyles } from '../../charts/Legend';
import { MiniHistogram } from '../../charts/MiniHistogram';
import { type Column, DataTable } from '../../design/DataTable';
import { SearchField } from '../../design/SearchField';
import { EmptyState } from '../../design/States';
import { Window } from '../../design/Window';
import { useSearchText } from '../../scope/scope';
import { useZone } from '../../scope/zone';
import { ARROW_WORDS } from '../../words/arrows';
import { countWords, numberWords, plural, shareWords } from '../../words/numbers';
import { BoxPlot } from './BoxPlot';
import styles from './ColumnsTable.module.css';
import { FiguresTable } from './FiguresTable';
import { namesOf, shortNames, type SideNames } from './names';

type Compared = Comparison['columns'][number];

/** Measures of other arrows than the features, as people call them. */
const SUBJECTS: Readonly<Record<string, string>> = {
  score: 'score',
  acted: 'led to the first action',
  decided_by: 'who decided',
  overridden: 'overridden',
  latency_ms: 'latency',
  failed: 'failed',
  invalid_input: 'invalid input',
};

const nameOf = ({ arrow, subject }: { arrow: Arrow; subject: string }): string => (arrow === 'features' ? subject : (SUBJECTS[subject] ?? subject.replaceAll('_', ' ')));
const unitOf = ({ subject, unit }: Compared): string => (subject === 'latency_ms' ? ' ms' : unit === null ? '' : ` ${unit}`);
/** A column without any value on both sides says nothing of their difference. */
const isObserved = ({ left, right }: Compared): boolean => left.missing < left.rows || right.missing < right.rows;
const isTruth = ({ bins }: Compared): boolean => bins.includes('true');

export function ColumnsTable({ comparison, request }: { comparison: Comparison; request: Request }) {
  const zone = useZone();
  const names = namesOf(comparison, zone);
  const short = shortNames(names);
  const [search, setSearch] = useSearchText('q');
  const [opened, setOpened] = useState<Compared | null>(null);
  const all = comparison.columns.filter(isObserved);
  const unobserved = comparison.columns.length - all.length;
  const wanted = search.trim().toLowerCase();
  const rows = all.filter((column) => nameOf(column).toLowerCase().includes(wanted));
  const columns: Column<Compared>[] = [
    {
      id: 'subject',
      header: 'Column',
      width: 180,
      isGrowing: true,
      sortValue: (row) => nameOf(row),
      cell: (row) => (
        <>
          <span title={nameOf(row)}>{nameOf(row)}</span>
          <span className={styles.arrow}>{ARROW_WORDS[row.arrow].name}</span>
        </>
      ),
    },
    { id: 'distance', header: 'Distance', help: 'Of the right side from the left', width: 96, align: 'right', sortValue: (row) => row.distance, cell: (row) => (row.bins.length === 0 ? <span className={styles.none}>own bins</span> : numberWords(row.distance)) },
    { id: 'shape', header: 'Both distributions', width: 240, isGrowing: true, cell: (row) => (row.bins.length === 0 ? <span className={styles.none}>each side has its own bins</span> : <MiniHistogram bins={row.bins} left={row.left.bins} right={row.right.bins} />) },
    { id: 'left', header: `Mean, ${short.left}`, width: 130, align: 'right', sortValue: (row) => row.left.mean, cell: (row) => meanWords(row, 'left') },
    { id: 'right', header: `Mean, ${short.right}`, width: 130, align: 'right', sortValue: (row) => row.right.mean, cell: (row) => meanWords(row, 'right') },
    { id: 'missingLeft', header: 'Missing left', width: 100, align: 'right', sortValue: (row) => missing(row, 'left'), cell: (row) => shareWords(missing(row, 'left')) },
    { id: 'missingRight', header: 'Missing right', width: 116, align: 'right', sortValue: (row) => missing(row, 'right'), cell: (row) => shareWords(missing(row, 'right')) },
  ];
  return (
    <ChartFrame
      title="Columns"
      note={`What both sides saw and answered, those that differ most first. ${plural(all.length, 'column')}${unobserved === 0 ? '' : `, ${countWords(unobserved)} more not observed`}; Enter or a click opens one.`}
      actions={<SearchField label="Find a column" value={search} onChange={setSearch} />}
      request={request}
      method={{ conventions: all.map((column) => column.convention), words: 'The distance of the right side from the left over the bins of the reference. Sides that stand on the bins of different references are compared by their figures only.' }}
      numbers={() => ({
        columns: ['Arrow', 'Column', 'Distance', 'Convention', 'Mean left', 'Mean right', 'Missing left', 'Missing right', 'Rows left', 'Rows right'],
        rows: all.map((row) => [row.arrow, row.subject, row.distance, row.convention ?? '', row.left.mean, row.right.mean, missing(row, 'left'), missing(row, 'right'), row.left.rows, row.right.rows]),
      })}
      hasImage={false}
    >
      <ul className={legendStyles.legend}>
        <Entry name={names.left} colour="var(--series-1)" look="bar" />
        <Entry name={names.right} colour="var(--series-2)" />
      </ul>
      <div className={styles.table}>
        {rows.length === 0 ? (
          <EmptyState title={all.length === 0 ? 'No columns on both sides' : 'No column of this name'}>{all.length === 0 ? 'One of the sides has no predictions.' : null}</EmptyState>
        ) : (
          <DataTable label="Columns of both sides" rows={rows} columns={columns} rowKey={(row) => `${row.arrow}/${row.subject}`} rowHeight={52} maximumHeight="640px" onOpen={setOpened} />
        )}
      </div>
      <Window title={opened === null ? '' : nameOf(opened)} isOpen={opened !== null} onClose={() => setOpened(null)}>
        {opened !== null && <OpenedColumn column={opened} names={names} />}
      </Window>
    </ChartFrame>
  );
}

function OpenedColumn({ column, names }: { column: Compared; names: SideNames }) {
  return (
    <div className={styles.opened}>
      <p className={styles.words}>
        {column.bins.length === 0 ? 'Each side stands on its own bins.' : `Distance ${numberWords(column.distance)}`} {column.convention !== null && <code>{column.convention}</code>}
      </p>
      {column.bins.length > 0 ? (
        <Histogram label={nameOf(column)} bins={column.bins} unit={column.unit} current={{ name: names.right, counts: column.right.bins, colour: 'series-2' }} reference={{ name: names.left, counts: column.left.bins, colour: 'series-1' }} />
      ) : (
        <BoxPlot sides={[{ name: names.left, quantiles: column.left.quantiles, mean: column.left.mean }, { name: names.right, quantiles: column.right.quantiles, mean: column.right.mean }]} />
      )}
      <FiguresTable column={column} names={names} />
    </div>
  );
}

function meanWords(column: Compared, side: 'left' | 'right'): string {
  const { mean } = column[side];
  if (mean === null) return '–';
  return isTruth(column) ? shareWords(mean) : `${numberWords(mean)}${unitOf(column)}`;
}

const missing = (column: Compared, side: 'left' | 'right'): number | null => (column[side].rows === 0 ? null : column[side].missing / column[side].rows);
