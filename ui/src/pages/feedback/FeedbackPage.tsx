// Arrow 4, Feedback → Update: how good the answers were by the time of the predictions, as far as labels have come.
import { useParams } from '@tanstack/react-router';
import { type Answered, usePerformance, useSeries, useSlices, useWindows } from '../../api/queries';
import type { Performance, SeriesAnswer } from '../../api/types';
import { Page } from '../../design/Page';
import { Columns, Panel } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton, VerdictState } from '../../design/States';
import { useScope, useSearchText } from '../../scope/scope';
import { mostTelling } from '../../finding/latest';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { Calibration } from './Calibration';
import { ConfusionTables } from './ConfusionTables';
import { ErrorByPrediction } from './ErrorByPrediction';
import { Headline } from './Headline';
import { LabelDelay } from './LabelDelay';
import { OtherMetrics, QualityOverTime } from './QualityOverTime';
import { RocCurve } from './RocCurve';
import { SliceQuality } from './SliceQuality';

export function FeedbackPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const { compare } = useScope();
  const performance = usePerformance(model);
  const before = usePerformance(model, { range: 'previous', enabled: compare === 'previous' });
  const labels = useSeries(model, { arrow: 'feedback' });
  return (
    <Page title="Feedback" model={model} about={`${arrowPath('feedback')}. ${ARROW_WORDS.feedback.question}`}>
      <Loaded
        query={performance}
        skeleton={<PageSkeleton />}
        isEmpty={(answer) => answer.predictions.every((rows) => rows === 0)}
        empty={<EmptyState title="No predictions in this range">Choose another range, or send predictions of this model.</EmptyState>}
      >
        {(answer) => <Answer model={model} performance={answer} query={performance} previous={compare === 'previous' ? before.data : undefined} labels={labels} />}
      </Loaded>
    </Page>
  );
}

interface AnswerProps {
  model: string;
  performance: Performance;
  query: Answered<Performance>;
  previous: Performance | undefined;
  labels: Answered<SeriesAnswer>;
}

function Answer({ model, performance, query, previous, labels }: AnswerProps) {
  const [metric, setMetric] = useSearchText('metric');
  const windows = useWindows(model);
  const slices = useSlices(model);
  const markers = windows.data?.markers.filter((marker) => marker.arm === null || marker.arm === performance.scope.arm) ?? [];
  const chosen = performance.metrics.find((series) => series.subject === metric) ?? mostTelling(performance.metrics);
  const labelled = performance.labelled.reduce((sum, rows) => sum + rows, 0);
  const shared = { performance, request: query.request };
  return (
    <>
      <Headline performance={performance} />
      {performance.feedback === null && (
        <Panel>
          <EmptyState title="The spec names no feedback">
            Quality cannot be measured until the spec says which label to wait for: <code>feedback: {'{'}label: …, expected_delay: …{'}'}</code>.
          </EmptyState>
        </Panel>
      )}
      {chosen !== undefined && (
        <>
          <QualityOverTime {...shared} chosen={chosen} previous={previous} labels={labels.data} markers={markers} onChoose={setMetric} />
          <OtherMetrics {...shared} chosen={chosen} previous={previous} />
        </>
      )}
      {labelled === 0 && performance.feedback !== null ? (
        <Panel>
          <VerdictState verdict="labels_pending">
            No label has come for the predictions of this range yet. What follows from labels, calibration, errors and the quality by slice, appears with the first ones.
          </VerdictState>
        </Panel>
      ) : (
        <Columns minimum={380}>
          {performance.calibration.length > 0 && <Calibration {...shared} />}
          {performance.roc.length > 0 && <RocCurve {...shared} />}
          {performance.deciles.length > 0 && <ErrorByPrediction {...shared} />}
          {performance.confusion.length > 0 && <ConfusionTables {...shared} />}
        </Columns>
      )}
      {labelled > 0 && <SliceQuality query={slices} metric={chosen?.subject} whole={performance} />}
      {performance.feedback !== null && <LabelDelay {...shared} labels={labels} />}
    </>
  );
}

function PageSkeleton() {
  return (
    <>
      <Skeleton height={112} />
      <Skeleton height={380} />
      <Columns minimum={420}>
        <Skeleton height={360} />
        <Skeleton height={360} />
      </Columns>
    </>
  );
}
