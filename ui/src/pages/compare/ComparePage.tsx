// Two arms, versions or periods of a model side by side: live and shadow, unless the reader chose otherwise.
import { useParams, useSearch } from '@tanstack/react-router';
import { useComparison, useWindows } from '../../api/queries';
import type { Comparison, Windows } from '../../api/types';
import { classes } from '../../design/classes';
import { Page } from '../../design/Page';
import { Columns } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { useRequestScope } from '../../scope/request';
import { useScope } from '../../scope/scope';
import type { Search } from '../../scope/search';
import { ColumnsTable } from './ColumnsTable';
import styles from './ComparePage.module.css';
import { MetricsTable } from './MetricsTable';
import { Outputs } from './Outputs';
import { PairedDecisions } from './PairedDecisions';
import { SidePickers } from './SidePickers';
import { isSameSide, requestOf, sidesOf } from './sides';

export function ComparePage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const windows = useWindows(model, { range: 'all' });
  return (
    <Page title="Compare" model={model} about="Two arms, versions or periods side by side: what they saw, what they answered, how good they were.">
      <Loaded
        query={windows}
        skeleton={<PageSkeleton />}
        isEmpty={(answer) => answer.arms.length === 0}
        empty={<EmptyState title="Nothing to compare yet">The model has made no prediction.</EmptyState>}
      >
        {(answer) => <Sides model={model} windows={answer} />}
      </Loaded>
    </Page>
  );
}

function Sides({ model, windows }: { model: string; windows: Windows }) {
  const search = useSearch({ strict: false }) as Search;
  const { arm } = useScope();
  const page = useRequestScope(model);
  const before = useRequestScope(model, 'previous');
  const range = { from: page.from, to: page.to };
  const sides = sidesOf(search, { arms: windows.arms, reference: windows.reference, range, arm });
  const isSame = isSameSide(sides.left, sides.right);
  const query = useComparison(model, requestOf(sides), page.isKnown && !isSame);
  const previous = before.isKnown ? { from: before.from, to: before.to } : null;
  return (
    <>
      <SidePickers sides={sides} windows={windows} range={range} previous={previous} comparison={isSame || query.isPlaceholderData ? undefined : query.data} />
      {isSame ? (
        <EmptyState title="Both sides are the same">Choose another arm, version or period for one of them.</EmptyState>
      ) : (
        <Loaded
          query={query}
          skeleton={<ResultSkeleton />}
          isEmpty={(answer) => answer.left.rows === 0 && answer.right.rows === 0}
          empty={<EmptyState title="No predictions on either side">Choose other periods, or versions that answered in them.</EmptyState>}
        >
          {(answer) => <Result comparison={answer} query={query} windows={windows} />}
        </Loaded>
      )}
    </>
  );
}

interface ResultProps {
  comparison: Comparison;
  query: ReturnType<typeof useComparison>;
  windows: Windows;
}

function Result({ comparison, query, windows }: ResultProps) {
  const shared = { comparison, request: query.request };
  // The old picture stays until the new sides are worked out, and says so.
  const isOld = query.isPlaceholderData;
  return (
    <div className={classes(styles.result, isOld && styles.old)} aria-busy={isOld || undefined}>
      <p role="status" className="unseen">
        {isOld && 'Working out both sides'}
      </p>
      <Columns minimum={440}>
        {canPair(comparison) && <PairedDecisions {...shared} liveArm={windows.arms.find((arm) => arm.is_live)?.arm} />}
        <Outputs {...shared} />
      </Columns>
      <MetricsTable {...shared} />
      <ColumnsTable {...shared} />
    </div>
  );
}

/** Only what both arms were asked in the same time can be answered by both. */
const canPair = ({ left, right }: Comparison): boolean => left.arm !== right.arm && left.from === right.from && left.to === right.to;

function PageSkeleton() {
  return (
    <>
      <Columns minimum={320}>
        <Skeleton height={148} />
        <Skeleton height={148} />
      </Columns>
      <ResultSkeleton />
    </>
  );
}

function ResultSkeleton() {
  return (
    <>
      <Columns minimum={440}>
        <Skeleton height={320} />
        <Skeleton height={320} />
      </Columns>
      <Skeleton height={360} />
    </>
  );
}
