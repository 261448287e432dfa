// Quality by event time: one metric large with the share of labels in under it, the others small beside.
import type { Request } from '../../api/queries';
import type { Marker, Performance, Series, SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { TimeSeries, type TimeLine } from '../../charts/TimeSeries';
import { Choice } from '../../design/Choice';
import { Columns } from '../../design/Panel';
import { VerdictState } from '../../design/States';
import { useShownFinding } from '../../finding/address';
import { SeriesChart, sameSeries } from '../../finding/SeriesChart';
import { useScope } from '../../scope/scope';
import { capital, limitWords, metricName } from '../../words/monitors';
import { numberWords, shareWords } from '../../words/numbers';
import { worst } from '../../words/verdicts';
import { labelShares, pendingStretches } from './quality';

interface QualityProps {
  performance: Performance;
  request: Request;
  chosen: Series;
  previous: Performance | undefined;
}

const nameOf = (series: Series): string => capital(metricName(series.subject));

export function QualityOverTime({ performance, request, chosen, previous, labels, markers, onChoose }: QualityProps & { labels: SeriesAnswer | undefined; markers: readonly Marker[]; onChoose: (metric: string) => void }) {
  const { compare } = useScope();
  const { showPoint } = useShownFinding();
  const { periods, metrics } = performance;
  const name = nameOf(chosen);
  const shares = labelShares(performance);
  const shaded = pendingStretches(chosen, periods);
  const before = sameSeries(chosen, previous?.metrics);
  const labelShare = labels?.series.find((series) => series.monitor === 'label_share');
  const isMeasured = chosen.values.some((value) => value !== null);
  const lines: TimeLine[] = [
    { name, values: chosen.values, bands: [{ low: chosen.low, high: chosen.high }], verdicts: chosen.verdicts, rows: chosen.rows },
    ...(before === undefined ? [] : [{ name: 'Previous period', values: periods.map((_, index) => before.values[index] ?? null), isFaint: true }]),
  ];
  const open = (series: Series | undefined) => (index: number) => {
    const period = periods[index];
    if (series !== undefined && period !== undefined) showPoint(series, period);
  };
  return (
    <ChartFrame
      title={`${name} by event time`}
      note={`${chosen.limit === null ? 'The spec promises nothing of it' : `Limit: ${limitWords('quality', chosen.limit)}`}. Filed under the time of the prediction; below, the share of predictions whose label is in.`}
      actions={<Choice label="Metric" value={chosen.subject} options={metrics.map((series) => ({ value: series.subject, name: nameOf(series), about: series.limit === null ? 'no limit' : limitWords('quality', series.limit) }))} onChange={onChoose} />}
      request={request}
      method={{ conventions: [chosen.convention], rows: chosen.rows.reduce((sum, rows) => sum + rows, 0), referenceRows: chosen.reference_rows }}
      numbers={() => ({
        columns: ['Period', name, 'Low', 'High', 'Rows', 'Predictions', 'Labelled', 'Verdict'],
        rows: periods.map((period, index) => [
          period.label,
          chosen.values[index] ?? null,
          chosen.low[index] ?? null,
          chosen.high[index] ?? null,
          chosen.rows[index] ?? null,
          performance.predictions[index] ?? null,
          performance.labelled[index] ?? null,
          chosen.verdicts[index] ?? '',
        ]),
      })}
    >
      {isMeasured ? (
        <TimeSeries
          label={name}
          periods={periods}
          lines={lines}
          limit={chosen.limit}
          levels={compare === 'reference' ? [{ name: 'Reference', value: chosen.reference_value }] : []}
          markers={markers}
          shaded={shaded}
          format={numberWords}
          height={230}
          hidesTime
          onOpen={open(chosen)}
        />
      ) : (
        <VerdictState verdict={worst(chosen.verdicts)} />
      )}
      <TimeSeries
        label="Labels in"
        periods={periods}
        lines={[{ name: 'Labels in', values: shares, look: 'bars', colour: 'series-faint', rows: performance.predictions, ...(labelShare === undefined ? {} : { verdicts: periods.map((_, index) => labelShare.verdicts[index] ?? 'no_data') }) }]}
        shaded={shaded}
        bounds={[0, 1.08]}
        format={shareWords}
        axisFormat={(value) => (value > 1 ? '' : `${Math.round(value * 100)} %`)}
        height={104}
        hidesLegend
        onOpen={open(labelShare)}
      />
    </ChartFrame>
  );
}

export function OtherMetrics({ performance, request, chosen, previous }: QualityProps) {
  const others = performance.metrics.filter((series) => series !== chosen);
  if (others.length === 0) return null;
  return (
    <Columns minimum={300}>
      {others.map((series) => (
        <SeriesChart
          key={series.subject}
          series={series}
          periods={performance.periods}
          previous={sameSeries(series, previous?.metrics)}
          request={request}
          title={nameOf(series)}
          note={series.limit === null ? 'No limit' : `Limit: ${limitWords('quality', series.limit)}`}
          shaded={pendingStretches(series, performance.periods)}
          height={148}
        />
      ))}
    </Columns>
  );
}
