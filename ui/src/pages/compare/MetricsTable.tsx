// Every metric on both sides with its interval, the difference, and whether the intervals tell the sides apart.
import type { Request } from '../../api/queries';
import type { Comparison } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { commonRange } from '../../charts/interval';
import { IntervalPlot, type PlottedValue } from '../../charts/IntervalPlot';
import { Entry, legendStyles } from '../../charts/Legend';
import { VerdictState } from '../../design/States';
import { useZone } from '../../scope/zone';
import { capital, metricName } from '../../words/monitors';
import { countWords, numberWords, UNKNOWN } from '../../words/numbers';
import { differenceOf, judgeDifference } from './metrics';
import styles from './MetricsTable.module.css';
import { namesOf, type SideNames } from './names';

type Metric = Comparison['metrics'][number];

export function MetricsTable({ comparison, request }: { comparison: Comparison; request: Request }) {
  const zone = useZone();
  const names = namesOf(comparison, zone);
  const metrics = comparison.metrics.filter((metric) => metric.left !== null || metric.right !== null);
  return (
    <ChartFrame
      title="Quality"
      note="Over the labelled predictions of each side; intervals at 99.9 %."
      request={request}
      method={{ conventions: metrics.map((metric) => (metric.metric === 'calibration_error' ? 'ece/10-equal-width' : metric.metric)), words: 'Where the two intervals do not overlap, the sides differ by more than chance. Where they do, these labels do not tell them apart.' }}
      numbers={() => ({
        columns: ['Metric', names.left, 'Low', 'High', 'Rows', names.right, 'Low ', 'High ', 'Rows ', 'Difference'],
        rows: metrics.map((metric) => [metricName(metric.metric), metric.left, metric.left_interval?.[0] ?? null, metric.left_interval?.[1] ?? null, metric.left_rows, metric.right, metric.right_interval?.[0] ?? null, metric.right_interval?.[1] ?? null, metric.right_rows, differenceOf(metric)]),
      })}
      hasImage={false}
    >
      {metrics.length === 0 ? (
        <VerdictState verdict="labels_pending">Neither side has a label yet.</VerdictState>
      ) : (
        <>
          <ul className={legendStyles.legend}>
            <Entry name={names.left} colour="var(--series-1)" />
            <Entry name={names.right} colour="var(--series-2)" />
          </ul>
          <div className={styles.box} tabIndex={0} role="region" aria-label="Quality of both sides">
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Metric</th>
                  <th scope="col">{names.left}</th>
                  <th scope="col">{names.right}</th>
                  <th scope="col" className={styles.plot}>
                    Intervals
                  </th>
                  <th scope="col">Difference</th>
                  <th scope="col" className={styles.verdict}>
                    Better side
                  </th>
                </tr>
              </thead>
              <tbody>
                {metrics.map((metric) => (
                  <tr key={metric.metric}>
                    <th scope="row">{capital(metricName(metric.metric))}</th>
                    <Value value={metric.left} interval={metric.left_interval} rows={metric.left_rows} />
                    <Value value={metric.right} interval={metric.right_interval} rows={metric.right_rows} />
                    <td className={styles.plot}>
                      <Intervals metric={metric} />
                    </td>
                    <td className={styles.difference}>{differenceWords(differenceOf(metric))}</td>
                    <td className={styles.verdict}>
                      <Better metric={metric} names={names} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </ChartFrame>
  );
}

function Better({ metric, names }: { metric: Metric; names: SideNames }) {
  const judged = judgeDifference(metric);
  if (judged === null) return <span>{UNKNOWN}</span>;
  return judged === 'unclear' ? <span>intervals overlap</span> : <strong>{judged === 'better' ? names.right : names.left}</strong>;
}

function Value({ value, interval, rows }: { value: number | null; interval: [number, number] | null; rows: number }) {
  return (
    <td>
      {numberWords(value)}
      <span className={styles.detail}>
        {interval !== null && (
          <span>
            {numberWords(interval[0])} – {numberWords(interval[1])}
          </span>
        )}
        <span>{countWords(rows)} rows</span>
      </span>
    </td>
  );
}

function Intervals({ metric }: { metric: Metric }) {
  const values: PlottedValue[] = [
    ...(metric.left === null ? [] : [{ value: metric.left, interval: metric.left_interval, colour: 'var(--series-1)' }]),
    ...(metric.right === null ? [] : [{ value: metric.right, interval: metric.right_interval, colour: 'var(--series-2)' }]),
  ];
  const range = commonRange([metric.left, metric.right, ...(metric.left_interval ?? []), ...(metric.right_interval ?? [])]);
  return <IntervalPlot values={values} range={range} height={32} />;
}

const differenceWords = (difference: number | null): string =>
  difference === null ? UNKNOWN : difference > 0 ? `+${numberWords(difference)}` : difference < 0 ? `−${numberWords(-difference)}` : '0';
