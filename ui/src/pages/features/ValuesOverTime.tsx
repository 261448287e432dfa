// How the values of a feature move over the periods: quantiles of numbers, shares of categories, the share of true.
import type { Request } from '../../api/queries';
import type { FeatureDetail } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import type { Numbers } from '../../charts/NumbersTable';
import { Ribbon } from '../../charts/Ribbon';
import { TimeSeries } from '../../charts/TimeSeries';
import { EmptyState } from '../../design/States';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import { useShownPeriod } from './Distribution';
import { largestBins } from './figures';

const HEIGHT = 200;
/** More lines than this cannot be told apart. */
const MOST_CATEGORIES = 6;

interface ValuesProps {
  detail: FeatureDetail;
  previous: FeatureDetail | undefined;
  request: Request;
}

export function ValuesOverTime(props: ValuesProps) {
  const { feature, windows } = props.detail;
  const has = (name: 'quantiles' | 'mean' | 'distinct'): boolean => windows.some((figures) => figures !== null && figures[name] !== null);
  if (feature.type === 'category') return <Categories {...props} />;
  if (has('quantiles')) return <Quantiles {...props} />;
  if (has('mean')) return <OneFigure {...props} figure="mean" />;
  if (has('distinct')) return <OneFigure {...props} figure="distinct" />;
  return (
    <ChartFrame title="Values over time" hasImage={false}>
      <EmptyState title="No figures of the values">Values of the type {feature.type} are counted, and nothing else is kept of them.</EmptyState>
    </ChartFrame>
  );
}

function Quantiles({ detail, previous, request }: ValuesProps) {
  const { feature, periods, windows, reference } = detail;
  const open = useOpenPeriod(detail);
  const write = (value: number): string => (feature.unit === null ? numberWords(value) : `${numberWords(value)} ${feature.unit}`);
  const names = ['p05', 'p25', 'p50', 'p75', 'p95'] as const;
  return (
    <ChartFrame
      title="Values over time"
      note={`Quantiles of each period${feature.unit === null ? '' : `, ${feature.unit}`}`}
      request={request}
      method={{
        words: 'Exact where a period holds at most 4,096 distinct values; else from log-linear bins, at most 0.8 % off in value.',
        rows: detail.current.rows,
        referenceRows: reference?.rows ?? null,
      }}
      numbers={() => ({
        columns: ['Period', ...names, 'Mean', 'Rows'],
        rows: periods.map((period, index) => [
          period.label,
          ...names.map((name) => windows[index]?.quantiles?.[name] ?? null),
          windows[index]?.mean ?? null,
          windows[index]?.rows ?? null,
        ]),
      })}
    >
      <Ribbon
        label={`Quantiles of ${feature.name}`}
        periods={periods}
        quantiles={windows.map((figures) => figures?.quantiles)}
        rows={windows.map((figures) => figures?.rows ?? 0)}
        reference={reference?.quantiles ?? null}
        previous={previous?.windows.map((figures) => figures?.quantiles)}
        format={write}
        height={HEIGHT}
        onOpen={open}
      />
    </ChartFrame>
  );
}

function Categories({ detail, request }: ValuesProps) {
  const { feature, bins, periods, windows } = detail;
  const open = useOpenPeriod(detail);
  const largest = largestBins(bins, windows, MOST_CATEGORIES);
  const others = bins.filter((bin) => bin !== 'null').length - largest.length;
  const numbers = (): Numbers => ({
    columns: ['Period', ...largest.map((bin) => bin.name), 'Rows'],
    rows: periods.map((period, index) => [period.label, ...largest.map((bin) => bin.shares[index] ?? null), windows[index]?.rows ?? null]),
  });
  return (
    <ChartFrame
      title="Categories over time"
      note={others > 0 ? `Share of rows of the ${countWords(largest.length)} largest; ${countWords(others)} more are not drawn` : 'Share of rows'}
      request={request}
      method={{ words: 'Rows with the category over all rows of the period.', rows: detail.current.rows }}
      numbers={numbers}
      hasImage={largest.length > 0}
    >
      {largest.length === 0 ? (
        <EmptyState title="No categories">Categories are counted in the bins of a reference, and there is none.</EmptyState>
      ) : (
        <TimeSeries
          label={`Categories of ${feature.name}`}
          periods={periods}
          lines={largest.map((bin) => ({ name: bin.name, values: bin.shares }))}
          format={shareWords}
          height={HEIGHT}
          onOpen={open}
        />
      )}
    </ChartFrame>
  );
}

/** The share of true, the mean of what has no quantiles, or how many distinct values there are. */
function OneFigure({ detail, previous, request, figure }: ValuesProps & { figure: 'mean' | 'distinct' }) {
  const { feature, periods, windows, reference } = detail;
  const open = useOpenPeriod(detail);
  const name = figure === 'distinct' ? 'Distinct values' : feature.type === 'boolean' ? 'Share of true' : 'Mean';
  const write = figure === 'distinct' ? countWords : feature.type === 'boolean' ? shareWords : numberWords;
  const values = windows.map((figures) => figures?.[figure] ?? null);
  return (
    <ChartFrame
      title={`${name} over time`}
      note={figure === 'distinct' ? 'An estimate above 4,096' : feature.unit ?? undefined}
      request={request}
      method={{
        words:
          figure === 'distinct'
            ? 'Exact up to 4,096; beyond, HyperLogLog’s composite estimate, standard error 1.6 %.'
            : 'Exact sum over the rows with a value, divided by their number.',
        rows: detail.current.rows,
        referenceRows: reference?.rows ?? null,
      }}
      numbers={() => ({
        columns: ['Period', name, 'Rows'],
        rows: periods.map((period, index) => [period.label, values[index] ?? null, windows[index]?.rows ?? null]),
      })}
    >
      <TimeSeries
        label={`${name} of ${feature.name}`}
        periods={periods}
        lines={[
          { name, values, rows: windows.map((figures) => figures?.rows ?? 0) },
          ...(previous === undefined
            ? []
            : [{ name: 'Previous period', values: periods.map((_, index) => previous.windows[index]?.[figure] ?? null), isFaint: true }]),
        ]}
        levels={figure === 'mean' ? [{ name: 'Reference', value: reference?.mean ?? null }] : []}
        format={write}
        height={HEIGHT}
        onOpen={open}
      />
    </ChartFrame>
  );
}

/** A click on a period shows its distribution above. */
function useOpenPeriod({ periods }: FeatureDetail): (index: number) => void {
  const [, choose] = useShownPeriod();
  return (index) => {
    const period = periods[index];
    if (period !== undefined) choose(period.start);
  };
}
