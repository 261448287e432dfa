// Quantiles of a number over periods: the median as a line, the middle half and the middle nine tenths as ribbons.
import type { ColumnFigures, Period } from '../api/types';
import { TimeSeries, type TimeSeriesProps } from './TimeSeries';

type Quantiles = ColumnFigures['quantiles'];

interface RibbonProps extends Omit<TimeSeriesProps, 'lines'> {
  periods: readonly Period[];
  /** One a period; null where nothing was measured. */
  quantiles: readonly (Quantiles | undefined)[];
  rows?: readonly number[];
  /** Shown as faint levels. */
  reference?: Quantiles;
}

export function Ribbon({ quantiles, rows, reference, ...chart }: RibbonProps) {
  const column = (name: keyof NonNullable<Quantiles>): (number | null)[] => quantiles.map((each) => each?.[name] ?? null);
  return (
    <TimeSeries
      {...chart}
      lines={[
        {
          name: 'Median, p25 – p75, p05 – p95',
          values: column('p50'),
          bandName: 'p05 – p95',
          bands: [
            { low: column('p05'), high: column('p95') },
            { low: column('p25'), high: column('p75') },
          ],
          ...(rows === undefined ? {} : { rows }),
        },
      ]}
      levels={reference === undefined || reference === null ? [] : [{ name: 'Reference median', value: reference.p50 }]}
    />
  );
}
