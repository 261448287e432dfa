// One series of the API as a chart in its frame: value, interval, limit, verdicts, and what it is compared with.
import type { Request } from '../api/queries';
import type { Marker, Period, Series, Verdict, Window } from '../api/types';
import { ChartFrame, type ChartFrameProps } from '../charts/ChartFrame';
import { DURATION_STEPS } from '../charts/steps';
import { TimeSeries, type TimeLine } from '../charts/TimeSeries';
import { VerdictState } from '../design/States';
import { useScope } from '../scope/scope';
import { capital, findingHeading, limitWords, valueWords } from '../words/monitors';
import { worst } from '../words/verdicts';
import { useShownFinding } from './address';

interface SeriesChartProps {
  series: Series;
  periods: readonly Period[];
  /** The same series in the period before, where the reader compares with it. */
  previous?: Series | undefined;
  request: Request;
  title?: string;
  note?: ChartFrameProps['note'];
  height?: number;
  markers?: readonly Marker[];
  shaded?: readonly (Window & { name: string })[];
  look?: ChartFrameProps['look'];
}

export function SeriesChart({ series, periods, previous, request, title, note, height = 160, markers, shaded, look }: SeriesChartProps) {
  const { compare } = useScope();
  const { showPoint } = useShownFinding();
  const name = findingHeading(series);
  const write = (value: number): string => valueWords(series.monitor, value);
  const isDistance = series.noise_floor.some((floor) => floor !== null);
  const lines: TimeLine[] = [
    {
      name,
      values: series.values,
      bands: [{ low: series.low, high: series.high }],
      verdicts: series.verdicts,
      rows: series.rows,
    },
    ...(isDistance ? [{ name: 'By chance, up to', values: series.noise_floor, isFaint: true }] : []),
    ...(previous === undefined ? [] : [{ name: 'Previous period', values: periods.map((_, index) => previous.values[index] ?? null), isFaint: true, ...(isDistance ? { colour: 'series-2' as const } : {}) }]),
  ];
  const isMeasured = series.values.some((value) => value !== null);
  return (
    <ChartFrame
      title={title ?? name}
      note={note ?? capital(limitWords(series.monitor, series.limit))}
      request={request}
      method={{
        conventions: [series.convention],
        rows: series.rows.reduce((sum, rows) => sum + rows, 0),
        referenceRows: series.reference_rows,
        hasNoiseFloor: isDistance,
      }}
      numbers={() => ({
        columns: ['Period', 'Value', 'Low', 'High', 'Noise floor', 'Rows', 'Verdict'],
        rows: periods.map((period, index) => [
          period.label,
          series.values[index] ?? null,
          series.low[index] ?? null,
          series.high[index] ?? null,
          series.noise_floor[index] ?? null,
          series.rows[index] ?? null,
          series.verdicts[index] ?? '',
        ]),
      })}
      hasImage={isMeasured}
      {...(look === undefined ? {} : { look })}
    >
      {isMeasured ? (
        <TimeSeries
          label={name}
          periods={periods}
          lines={lines}
          limit={series.limit}
          levels={compare === 'reference' ? [{ name: 'Reference', value: series.reference_value }] : []}
          format={write}
          {...(series.monitor === 'label_delay' ? { axisSteps: DURATION_STEPS } : {})}
          height={height}
          {...(markers === undefined ? {} : { markers })}
          {...(shaded === undefined ? {} : { shaded })}
          onOpen={(index) => {
            const period = periods[index];
            if (period !== undefined) showPoint(series, period);
          }}
        />
      ) : (
        <VerdictState verdict={unmeasured(series.verdicts)} />
      )}
    </ChartFrame>
  );
}

/** Why there is no figure: what most needs saying of the periods' verdicts. */
function unmeasured(verdicts: readonly Verdict[]): Verdict {
  return worst(verdicts.length === 0 ? ['no_data'] : verdicts);
}

/** The series of the previous period that is the same as this one. */
export const sameSeries = (series: Series, others: readonly Series[] | undefined): Series | undefined =>
  others?.find(
    (other) =>
      other.arrow === series.arrow &&
      other.monitor === series.monitor &&
      other.subject === series.subject &&
      other.slice?.name === series.slice?.name &&
      other.slice?.value === series.slice?.value,
  );
