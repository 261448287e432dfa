// The page Inference: does the service keep its promises; how fast, how often wrong, asked with what, at what cost.
import { useParams } from '@tanstack/react-router';
import { useInference, useSeries } from '../../api/queries';
import type { SeriesAnswer } from '../../api/types';
import { Page } from '../../design/Page';
import { Panel } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { sameSeries, SeriesChart } from '../../finding/SeriesChart';
import { useScope, useSearchText } from '../../scope/scope';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { Calls } from './Calls';
import { Cost } from './Cost';
import styles from './InferencePage.module.css';
import { InvalidInputs } from './InvalidInputs';
import { LatencyAndErrors } from './LatencyAndErrors';
import { Promises } from './Promises';
import { parseGrouping, Requests } from './Requests';

export function InferencePage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const { compare } = useScope();
  const query = useSeries(model, { arrow: 'inference' });
  const previous = useSeries(model, { arrow: 'inference' }, { range: 'previous', enabled: compare === 'previous' });
  return (
    <Page title="Inference" model={model} about={`${arrowPath('inference')}: ${ARROW_WORDS.inference.question}`}>
      <Loaded
        query={query}
        skeleton={<PageSkeleton />}
        isEmpty={({ series }) => series.length === 0}
        empty={
          <Panel>
            <EmptyState title="No prediction in this range">No request of this arm was answered in the chosen time.</EmptyState>
          </Panel>
        }
      >
        {(answer) => {
          const earlier = compare === 'previous' ? previous.data : undefined;
          return (
            <>
              <Promises model={model} answer={answer} request={query.request} />
              <LatencyAndErrors answer={answer} previous={earlier} request={query.request} />
              <OverRange model={model} series={answer} previous={earlier} seriesRequest={query.request} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

interface OverRangeProps {
  model: string;
  series: SeriesAnswer;
  previous: SeriesAnswer | undefined;
  seriesRequest: ReturnType<typeof useSeries>['request'];
}

/** What the range as a whole tells: requests by group, invalid inputs, calls and cost. */
function OverRange({ model, series, previous, seriesRequest }: OverRangeProps) {
  const [text, setGrouping] = useSearchText('group', 'version');
  const grouping = parseGrouping(text);
  const query = useInference(model, grouping);
  const { request } = query;
  const invalid = series.series.find((each) => each.monitor === 'invalid_input');
  return (
    <Loaded query={query} skeleton={<RangeSkeleton />}>
      {(answer) => (
        <>
          <Requests answer={answer} request={request} grouping={grouping} onGrouping={setGrouping} />
          <div className={styles.pair}>
            {invalid !== undefined && (
              <SeriesChart
                series={invalid}
                periods={series.periods}
                previous={sameSeries(invalid, previous?.series)}
                request={seriesRequest}
                title="Requests with an invalid input"
                height={180}
              />
            )}
            <InvalidInputs model={model} answer={answer} request={request} />
          </div>
          <div className={styles.pair}>
            <Calls answer={answer} request={request} />
            <Cost answer={answer} request={request} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function PageSkeleton() {
  return (
    <>
      <Panel>
        <Skeleton height={176} />
      </Panel>
      <div className={styles.pair}>
        {[0, 1].map((panel) => (
          <Panel key={panel}>
            <Skeleton height={240} />
          </Panel>
        ))}
      </div>
      <RangeSkeleton />
    </>
  );
}

function RangeSkeleton() {
  return (
    <Panel>
      <Skeleton height={160} />
    </Panel>
  );
}
