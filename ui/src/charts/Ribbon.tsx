// Quantiles of a number over periods: the median as a line, the middle half and the middle nine tenths as ribbons.
import type { ColumnFigures, Period } from '../api/types';
import { TimeSeries, type TimeLine, type TimeSeriesProps } from './TimeSeries';

type Quantiles = ColumnFigures['quantiles'];

interface RibbonProps extends Omit<TimeSeriesProps, 'lines'> {
  periods: readonly Period[];
  /** One a period; null where nothing was measured. */
  quantiles: readonly (Quantiles | undefined)[];
  rows?: readonly number[];
  /** Shown as a faint ribbon of the same width everywhere. */
  reference?: Quantiles;
  /** Of the period before, shown as a faint median. */
  previous?: readonly (Quantiles | undefined)[] | undefined;
}

const BAND_NAME = 'p05 – p95';

export function Ribbon({ periods, quantiles, rows, reference = null, previous, ...chart }: RibbonProps) {
  const lines: TimeLine[] = [
    {
      ...ribbon('Median, p25 – p75, p05 – p95', quantiles),
      ...(rows === undefined ? {} : { rows }),
    },
    ...(reference === null ? [] : [{ ...ribbon('Reference', periods.map(() => reference)), isFaint: true }]),
    ...(previous === undefined
      ? []
      : [{ name: 'Median of the previous period', values: periods.map((_, index) => previous[index]?.p50 ?? null), isFaint: true, colour: 'series-2' as const }]),
  ];
  return <TimeSeries {...chart} periods={periods} lines={lines} />;
}

function ribbon(name: string, quantiles: RibbonProps['quantiles']): TimeLine {
  const column = (quantile: keyof NonNullable<Quantiles>): (number | null)[] => quantiles.map((each) => each?.[quantile] ?? null);
  return {
    name,
    values: column('p50'),
    bandName: BAND_NAME,
    bands: [
      { low: column('p05'), high: column('p95') },
      { low: column('p25'), high: column('p75') },
    ],
  };
}
