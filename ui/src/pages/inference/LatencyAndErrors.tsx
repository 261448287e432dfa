// How fast the answers came and how many failed, over time; one state for both where the events tell neither.
import type { Request } from '../../api/queries';
import type { SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { VerdictState } from '../../design/States';
import { sameSeries, SeriesChart } from '../../finding/SeriesChart';
import styles from './InferencePage.module.css';
import { LatencyChart } from './LatencyChart';

const HEIGHT = 200;

interface LatencyAndErrorsProps {
  answer: SeriesAnswer;
  previous: SeriesAnswer | undefined;
  request: Request;
}

export function LatencyAndErrors({ answer: { periods, series }, previous, request }: LatencyAndErrorsProps) {
  const latencies = series.filter((each) => each.monitor === 'latency');
  const errors = series.find((each) => each.subject === 'error_rate');
  const both = errors === undefined ? latencies : [...latencies, errors];
  if (both.every((each) => each.values.every((value) => value === null))) {
    return (
      <ChartFrame title="Latency and errors" request={request} hasImage={false}>
        <VerdictState verdict="not_observed">
          The events of this range carry neither latency nor errors. Send <code>latency_ms</code> and <code>error</code> with each prediction to
          see both here.
        </VerdictState>
      </ChartFrame>
    );
  }
  return (
    <div className={styles.pair}>
      {latencies.length > 0 && <LatencyChart series={latencies} periods={periods} previous={previous} request={request} height={HEIGHT} />}
      {errors !== undefined && (
        <SeriesChart series={errors} periods={periods} previous={sameSeries(errors, previous?.series)} request={request} height={HEIGHT} />
      )}
    </div>
  );
}
