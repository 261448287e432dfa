// The latency of the answers over time: every quantile that is judged or told, with what is promised of it.
import type { Request } from '../../api/queries';
import type { Period, Series, SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { TimeSeries, type TimeLine } from '../../charts/TimeSeries';
import { VerdictState } from '../../design/States';
import { useShownFinding } from '../../finding/address';
import { sameSeries } from '../../finding/SeriesChart';
import { seriesNumbers } from '../../finding/SeriesTable';
import { useScope } from '../../scope/scope';
import { limitWords } from '../../words/monitors';
import { millisecondWords } from '../../words/numbers';

interface LatencyProps {
  series: readonly Series[];
  periods: readonly Period[];
  previous: SeriesAnswer | undefined;
  request: Request;
  height: number;
}

/** "p95" of `p95_latency`. */
const nameOf = ({ subject }: Series): string => subject.replace(/_latency$/, '');

export function LatencyChart({ series, periods, previous, request, height }: LatencyProps) {
  const { compare } = useScope();
  const { showPoint } = useShownFinding();
  const sorted = series.toSorted((left, right) => left.subject.localeCompare(right.subject));
  const measured = sorted.filter((each) => each.values.some((value) => value !== null));
  const promised = measured.filter((each) => each.limit !== null);
  const [only] = promised;
  const limit = promised.length === 1 && only !== undefined ? only.limit : null;
  const promises = promised.map((each) => `${nameOf(each)} ${limitWords('latency', each.limit)}`);
  const main = promised[0] ?? measured[0];
  const earlier = main === undefined ? undefined : sameSeries(main, previous?.series);
  return (
    <ChartFrame
      title="Latency"
      note={promises.length === 0 ? 'Milliseconds from request to answer' : promises.join(', ')}
      request={request}
      method={{
        conventions: measured.map((each) => each.convention),
        rows: measured[0]?.rows.reduce((sum, rows) => sum + rows, 0) ?? null,
        referenceRows: measured[0]?.reference_rows ?? null,
      }}
      numbers={() => seriesNumbers(measured, periods, nameOf)}
      hasImage={measured.length > 0}
    >
      {main === undefined ? (
        <VerdictState verdict="not_observed">
          The events carry no latency. Send <code>latency_ms</code> with each prediction.
        </VerdictState>
      ) : (
        <TimeSeries
          label="Latency"
          periods={periods}
          lines={[
            ...measured.map<TimeLine>((each) => ({
              name: nameOf(each),
              values: each.values,
              bands: [{ low: each.low, high: each.high }],
              rows: each.rows,
              ...(each.limit === null ? {} : { verdicts: each.verdicts }),
            })),
            ...(earlier === undefined
              ? []
              : [{ name: `${nameOf(main)}, previous period`, values: periods.map((_, index) => earlier.values[index] ?? null), isFaint: true }]),
          ]}
          limit={limit}
          levels={[
            ...(promised.length < 2
              ? []
              : promised.map((each) => ({ name: `${nameOf(each)} promise`, value: each.limit !== null && 'at_most' in each.limit ? each.limit.at_most : null }))),
            ...(compare === 'reference' ? [{ name: `Reference ${nameOf(main)}`, value: main.reference_value }] : []),
          ]}
          format={millisecondWords}
          height={height}
          startsAtZero
          onOpen={(index) => {
            const period = periods[index];
            if (period !== undefined) showPoint(main, period);
          }}
        />
      )}
    </ChartFrame>
  );
}
