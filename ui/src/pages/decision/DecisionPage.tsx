// Arrow 3, Inference → Decision: scores over time, the decisions they led to, who took them, and other thresholds.
import { useParams } from '@tanstack/react-router';
import { useDecision, useSeries, useWindows } from '../../api/queries';
import type { Decision } from '../../api/types';
import { Page } from '../../design/Page';
import { Columns } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { useScope } from '../../scope/scope';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { Headline } from './Headline';
import { DecisionRate, OtherRates } from './Rates';
import { ScoreBins, ScoresOverTime } from './Scores';
import { Taken } from './Taken';
import { ThresholdExplorer } from './ThresholdExplorer';

export function DecisionPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const { compare } = useScope();
  const decision = useDecision(model);
  const series = useSeries(model, { arrow: 'decision' });
  const before = { range: 'previous', enabled: compare === 'previous' } as const;
  // Where there is no such period, the answer at hand is that of another one.
  const ofBefore = <Answer,>(query: { data: Answer | undefined }): Answer | undefined => (compare === 'previous' ? query.data : undefined);
  const previous = ofBefore(useDecision(model, before));
  const previousSeries = ofBefore(useSeries(model, { arrow: 'decision' }, before));
  const windows = useWindows(model);
  const markers = windows.data?.markers.filter((marker) => marker.arm === null || marker.arm === windows.data?.scope.arm) ?? [];
  return (
    <Page title="Decision" model={model} about={`${arrowPath('decision')}. ${ARROW_WORDS.decision.question}`}>
      <Loaded query={decision} skeleton={<PageSkeleton />} isEmpty={isEmpty} empty={<EmptyState title="No decisions in this range">Choose another range, or send predictions of this model.</EmptyState>}>
        {(answer) => (
          <>
            <Headline decision={answer} series={series.data} />
            <Columns minimum={440}>
              <DecisionRate query={series} previous={previousSeries} markers={markers} decision={answer} />
              <ScoresOverTime decision={answer} previous={previous} request={decision.request} markers={markers} />
            </Columns>
            <ScoreBins decision={answer} series={series.data} request={decision.request} />
            <OtherRates query={series} previous={previousSeries} />
            <Taken decision={answer} request={decision.request} />
            <ThresholdExplorer decision={answer} request={decision.request} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** Nothing was predicted: no score, and nothing decided. */
const isEmpty = (decision: Decision): boolean =>
  decision.actions.length === 0 && decision.deciders.length === 0 && decision.score.windows.every((window) => window.every((rows) => rows === 0)) && decision.score.mean.every((mean) => mean === null);

function PageSkeleton() {
  return (
    <>
      <Skeleton height={112} />
      <Columns minimum={440}>
        <Skeleton height={312} />
        <Skeleton height={312} />
      </Columns>
      <Skeleton height={360} />
    </>
  );
}
