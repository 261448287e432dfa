// The page Features: every input of the model in one table, the one that needs a person first.
import { useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { type LoadedFeatures, useFeaturePages } from '../../api/feature-pages';
import type { FeatureRow } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Button } from '../../design/Button';
import { DataTable, type Sort } from '../../design/DataTable';
import { Page } from '../../design/Page';
import { Panel } from '../../design/Panel';
import { SearchField } from '../../design/SearchField';
import { Segments } from '../../design/Segments';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { keepScope } from '../../scope/keep';
import { useSearchText } from '../../scope/scope';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { numberWords, plural } from '../../words/numbers';
import { featureColumns } from './columns';
import { commonLimit, parseSort, parseVerdict, pressedSort, VERDICT_CHOICES, verdictsOf, writeSort } from './list';
import { SaveFeatures } from './SaveFeatures';

const ROW_HEIGHT = 48;
/** The page's header and the top bar stay in sight above a long table. */
const TABLE_HEIGHT = 'max(360px, calc(100vh - 248px))';

export function FeaturesPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const [search, setSearch] = useSearchText('search');
  const [verdictText, setVerdict] = useSearchText('verdict', 'all');
  const [sortText, setSort] = useSearchText('sort', 'attention');
  const sort = useMemo(() => parseSort(sortText), [sortText]);
  const verdict = parseVerdict(verdictText);
  const isNarrowed = search !== '' || verdict !== 'all';
  const pages = useFeaturePages(model, { search, verdict: verdictsOf(verdict), sort: sort.column, order: sort.order });

  const showAll = (): void => {
    setSearch('');
    setVerdict('all');
  };
  return (
    <Page
      title="Features"
      model={model}
      about={`${arrowPath('features')}: ${ARROW_WORDS.features.question}`}
      actions={
        <>
          <SearchField label="Find a feature" value={search} onChange={setSearch} />
          <Segments label="Filter by verdict" value={verdict} options={VERDICT_CHOICES} onChange={setVerdict} />
        </>
      }
    >
      <Loaded
        query={pages}
        skeleton={<TableSkeleton />}
        isEmpty={({ total }) => total === 0}
        empty={
          <Panel>
            {isNarrowed ? (
              <EmptyState title="No feature matches" action={<Button onPress={showAll}>Show all features</Button>} />
            ) : (
              <EmptyState title="The spec declares no feature">
                Under <code>features:</code> the spec names what the model sees; what is not named there is dropped and counted.
              </EmptyState>
            )}
          </Panel>
        }
      >
        {(loaded) => (
          <ChartFrame
            title={isNarrowed ? `${plural(loaded.total, 'feature')} found` : plural(loaded.total, 'feature')}
            note={noteOf(loaded)}
            request={pages.request}
            method={methodOf(loaded)}
            actions={<SaveFeatures model={model} request={pages.request} />}
            hasImage={false}
            isFlush
          >
            <FeaturesTable
              key={model}
              model={model}
              loaded={loaded}
              sort={sort}
              onSort={(asked) => setSort(writeSort(pressedSort(asked, sort)))}
              onEnd={pages.fetchMore}
            />
          </ChartFrame>
        )}
      </Loaded>
      <p className="unseen" role="status">
        {isNarrowed && pages.data !== undefined ? `${plural(pages.data.total, 'feature')} found` : ''}
      </p>
    </Page>
  );
}

interface FeaturesTableProps {
  model: string;
  loaded: LoadedFeatures;
  sort: Sort;
  onSort: (sort: Sort) => void;
  onEnd: () => void;
}

/** A press is answered first: the rows of another answer are drawn after it, when nothing more urgent is to be drawn. */
function FeaturesTable({ model, loaded, sort, onSort, onEnd }: FeaturesTableProps) {
  const { rows, periods, total } = useDeferredValue(loaded);
  const navigate = useNavigate();
  const columns = useMemo(() => featureColumns(model, periods), [model, periods]);
  const open = useCallback(
    (row: FeatureRow) => void navigate({ to: '/models/$model/features/$feature', params: { model, feature: row.feature }, search: keepScope }),
    [navigate, model],
  );
  return (
    <DataTable
      label="Features"
      rows={rows}
      columns={columns}
      rowKey={(row) => row.feature}
      sort={sort}
      onSort={onSort}
      onOpen={open}
      onEnd={onEnd}
      total={total}
      rowHeight={ROW_HEIGHT}
      maximumHeight={TABLE_HEIGHT}
      isFirstFixed
    />
  );
}

function noteOf({ rows, periods }: LoadedFeatures): string {
  const limit = commonLimit(rows);
  const most = rows.reduce((largest, row) => Math.max(largest, row.rows), 0);
  return [
    most === 0 ? 'no rows in this range' : `${plural(most, 'row')} in ${plural(periods.length, 'period')}`,
    limit === null ? '' : `drift at most ${numberWords(limit)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function methodOf({ rows }: LoadedFeatures) {
  return {
    conventions: rows.map((row) => row.drift_convention),
    words: (
      <>
        <p>
          <strong>Harm.</strong> The change of the feature’s bins, weighted by the mean output in each, over the change of the mean output, in
          the period in which the first arrow broke. Features that move together each claim what they share, so shares may add up to more than
          100 %.
        </p>
        <p>
          <strong>Missing, stand-ins, stale, invalid.</strong> Rows of the range over the rows in which the feature was looked at.
        </p>
      </>
    ),
    rows: rows.reduce((largest, row) => Math.max(largest, row.rows), 0),
  };
}

function TableSkeleton() {
  return (
    <Panel>
      <Skeleton height={12 * ROW_HEIGHT} />
    </Panel>
  );
}
