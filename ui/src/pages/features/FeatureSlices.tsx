// One feature in each part of the population: rows, mean, missing values, and the way to the events.
import { Link } from '@tanstack/react-router';
import { useFeatureSlices } from '../../api/queries';
import type { FeatureDetail, FeatureSlices as Answer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Choice } from '../../design/Choice';
import { DataTable, type Column } from '../../design/DataTable';
import { Payload } from '../../design/Payload';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { keepScope } from '../../scope/keep';
import { useSearchText } from '../../scope/scope';
import type { Search } from '../../scope/search';
import { countWords, numberWords, plural, shareWords } from '../../words/numbers';
import styles from './FeatureSlices.module.css';

type Row = Answer['slices'][number]['values'][number];

const HEIGHT = 236;
/** What lies beyond the slices that are told apart. */
const OTHER = 'other';

export function FeatureSlices({ model, feature }: { model: string; feature: FeatureDetail['feature'] }) {
  const query = useFeatureSlices(model, feature.name);
  const [chosen, choose] = useSearchText('slice', query.data?.slices[0]?.name ?? '');
  const slices = query.data?.slices ?? [];
  const slice = slices.find((each) => each.name === chosen) ?? slices[0];
  return (
    <ChartFrame
      title={slice === undefined ? 'By slice' : `By ${slice.name}`}
      note={slice === undefined ? undefined : noteOf(slice.values, feature)}
      request={query.request}
      method={{ words: 'Counts and exact means over the rows of each slice, whose features were kept.' }}
      numbers={() => ({
        columns: ['Slice', 'Rows', 'Mean', 'Missing'],
        rows: (slice?.values ?? []).map((row) => [row.value, row.rows, row.mean, row.missing_share]),
      })}
      hasImage={false}
      isFlush={slice !== undefined}
      actions={
        slices.length > 1 && (
          <Choice label="By" value={slice?.name ?? ''} options={slices.map(({ name }) => ({ value: name, name }))} onChange={choose} />
        )
      }
    >
      <Loaded
        query={query}
        skeleton={<Skeleton height={HEIGHT} />}
        isEmpty={() => slice === undefined || slice.values.length === 0}
        empty={<EmptyState title="No slices">The spec names the parts of the population under <code>slices:</code>; none of them holds rows here.</EmptyState>}
      >
        {() => (
          <DataTable
            label={`${feature.name} by ${slice?.name}`}
            rows={slice?.values ?? []}
            columns={columnsOf(model, slice?.name ?? '', slice?.values ?? [], feature)}
            rowKey={(row) => row.value}
            sort={{ column: 'rows', order: 'desc' }}
            rowHeight={34}
            maximumHeight={`${HEIGHT}px`}
          />
        )}
      </Loaded>
    </ChartFrame>
  );
}

function noteOf(rows: readonly Row[], { type, unit }: FeatureDetail['feature']): string {
  const hasUnit = type !== 'boolean' && unit !== null && rows.some((row) => row.mean !== null);
  return `${plural(rows.length, 'value')} over the range${hasUnit ? `, mean in ${unit}` : ''}`;
}

function columnsOf(model: string, slice: string, rows: readonly Row[], { type }: FeatureDetail['feature']): Column<Row>[] {
  const most = rows.reduce((largest, row) => Math.max(largest, row.rows), 1);
  const isBoolean = type === 'boolean';
  const hasMean = rows.some((row) => row.mean !== null);
  return [
    { id: 'value', header: slice, cell: (row) => <Payload text={row.value} isCut />, sortValue: (row) => row.value, width: 100 },
    {
      id: 'rows',
      header: 'Rows',
      cell: (row) => (
        <span className={styles.rows}>
          <span className={styles.bar} style={{ width: `${(row.rows / most) * 100}%` }} aria-hidden="true" />
          <span className={styles.count}>{countWords(row.rows)}</span>
        </span>
      ),
      sortValue: (row) => row.rows,
      width: 148,
      align: 'right',
    },
    ...(hasMean
      ? [
          {
            id: 'mean',
            header: isBoolean ? 'True' : 'Mean',
            cell: (row: Row) => (isBoolean ? shareWords(row.mean) : numberWords(row.mean)),
            sortValue: (row: Row) => row.mean,
            width: 96,
            align: 'right' as const,
          },
        ]
      : []),
    { id: 'missing', header: 'Missing', cell: (row) => shareWords(row.missing_share), sortValue: (row) => row.missing_share, width: 88, align: 'right' },
    {
      id: 'events',
      header: 'Events',
      cell: (row) =>
        row.value === OTHER ? null : (
          <Link
            to="/models/$model/events"
            params={{ model }}
            search={(before: Search) => ({ ...keepScope(before), slice_name: slice, slice_value: row.value })}
            preload={false}
          >
            Show<span className="unseen"> events of {row.value}</span>
          </Link>
        ),
      width: 74,
      align: 'right',
    },
  ];
}
