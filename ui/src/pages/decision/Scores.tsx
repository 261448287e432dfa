// Scores over time: their quantiles with the threshold, and their bins against the reference.
import { useMemo } from 'react';
import type { Request } from '../../api/queries';
import type { Decision, Marker, SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { heatRows } from '../../charts/heat';
import { Heatmap } from '../../charts/Heatmap';
import { TimeSeries, type TimeLine } from '../../charts/TimeSeries';
import { EmptyState } from '../../design/States';
import { useShownFinding } from '../../finding/address';
import { useScope } from '../../scope/scope';
import { numberWords } from '../../words/numbers';
import { rowsByPeriod, scoredRows } from './scored';

interface ScoresProps {
  decision: Decision;
  request: Request;
}

const nameOf = ({ threshold }: Decision): string => (threshold === null ? 'Predictions' : 'Scores');

export function ScoresOverTime({ decision, previous, request, markers }: ScoresProps & { previous: Decision | undefined; markers: readonly Marker[] }) {
  const { compare } = useScope();
  const { periods, score, threshold } = decision;
  const rows = rowsByPeriod(decision);
  const of = (name: 'p05' | 'p25' | 'p50' | 'p75' | 'p95'): (number | null)[] => score.quantiles.map((each) => each?.[name] ?? null);
  const hasQuantiles = score.quantiles.some((each) => each !== null);
  const lines: TimeLine[] = [
    ...(hasQuantiles
      ? [
          {
            name: 'Median, p25 – p75, p05 – p95',
            values: of('p50'),
            bandName: 'p05 – p95',
            bands: [
              { low: of('p05'), high: of('p95') },
              { low: of('p25'), high: of('p75') },
            ],
            rows,
          },
        ]
      : []),
    { name: 'Mean', values: score.mean, colour: 'series-2', look: 'dashed', ...(hasQuantiles ? {} : { rows }) },
    ...(previous === undefined ? [] : [{ name: 'Mean, previous period', values: periods.map((_, index) => previous.score.mean[index] ?? null), isFaint: true }]),
  ];
  const levels = [
    ...(threshold === null ? [] : [{ name: `Threshold ${numberWords(threshold)}`, value: threshold, colour: 'text' as const }]),
    ...(compare === 'reference' ? [{ name: 'Reference mean', value: score.reference_mean }] : []),
  ];
  const title = `${nameOf(decision)} over time`;
  const isThere = score.mean.some((mean) => mean !== null);
  return (
    <ChartFrame
      title={title}
      note={threshold === null ? 'Quantiles and mean of what the model predicts.' : 'Quantiles and mean of the scores; what reaches the threshold leads to the first action.'}
      request={request}
      method={{
        words: 'Quantiles come from fixed log-linear bins: at most 0.8 % off in value. Means are exact sums over rows.',
        rows: scoredRows(decision),
      }}
      numbers={() => ({
        columns: ['Period', 'p05', 'p25', 'Median', 'p75', 'p95', 'Mean', 'Rows'],
        rows: periods.map((period, index) => {
          const quantiles = score.quantiles[index];
          return [period.label, quantiles?.p05 ?? null, quantiles?.p25 ?? null, quantiles?.p50 ?? null, quantiles?.p75 ?? null, quantiles?.p95 ?? null, score.mean[index] ?? null, rows[index] ?? null];
        }),
      })}
      hasImage={isThere}
    >
      {isThere ? (
        <TimeSeries label={title} periods={periods} lines={lines} levels={levels} markers={markers} height={200} startsAtZero />
      ) : (
        <EmptyState title="No numbers here">The predictions of this range are no numbers.</EmptyState>
      )}
    </ChartFrame>
  );
}

export function ScoreBins({ decision, series, request }: ScoresProps & { series: SeriesAnswer | undefined }) {
  const { showPoint } = useShownFinding();
  const { score, periods, threshold } = decision;
  const rows = useMemo(() => heatRows(score.bins, score.windows, score.reference), [score]);
  const drift = series?.series.find((each) => each.monitor === 'score_drift');
  if (rows.length === 0) return null;
  const referenceRows = score.reference?.reduce((sum, count) => sum + count, 0) ?? null;
  const title = `${nameOf(decision)} against the reference`;
  return (
    <ChartFrame
      title={title}
      note="Share of each period’s rows in the bins of the reference, whose edges are frozen."
      request={request}
      method={{
        conventions: [drift?.convention ?? null],
        words: 'Each row is one bin, each cell the share of the period’s rows in it. The colour tells how far that share is from the reference’s share of the same bin: these are the figures that score drift is made of.',
        rows: scoredRows(decision),
        referenceRows,
      }}
      numbers={() => ({
        columns: ['Bin', 'Reference', ...periods.map((period) => period.label)],
        rows: rows.toReversed().map((row) => [row.name, row.referenceCount, ...row.counts]),
      })}
    >
      <Heatmap
        label={title}
        periods={periods}
        rows={rows}
        level={threshold === null ? null : { name: `Threshold ${numberWords(threshold)}`, value: threshold }}
        onOpen={(index) => {
          const period = periods[index];
          if (drift !== undefined && period !== undefined) showPoint(drift, period);
        }}
      />
    </ChartFrame>
  );
}
