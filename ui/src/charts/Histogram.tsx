// The distribution of a column: reference as outlines, current as bars, in shares of their rows; also for categories.
import { useCallback, useMemo } from 'react';
import type { BinLabel } from '../api/types';
import { isNumberBin } from '../words/bins';
import { countWords, shareWords, trimZeros } from '../words/numbers';
import { drawnBins } from './bins';
import type { ColourName, Colours } from './colours';
import { EChart } from './EChart';
import styles from './Histogram.module.css';
import { axisLook, tooltipContent, tooltipLook } from './look';
import { Entry, legendStyles } from './Legend';

export interface HistogramSide {
  name: string;
  /** Rows a bin, in the order of `bins`. */
  counts: readonly number[];
  /** Another colour than the usual one, where both sides are equals. */
  colour?: ColourName;
}

interface HistogramProps {
  label: string;
  bins: readonly BinLabel[];
  current: HistogramSide;
  /** What it is compared with: the reference, or the left side. */
  reference?: HistogramSide | null;
  unit?: string | null;
  height?: number;
  /** Draws the categories with the most rows only; the others are told in words. */
  maximumCategories?: number;
}

export function Histogram({ label, bins, current, reference = null, unit = null, height = 220, maximumCategories = 20 }: HistogramProps) {
  const { bins: shown, rest } = useMemo(
    () => drawnBins(bins, current.counts, reference?.counts ?? null, maximumCategories),
    [bins, current, reference, maximumCategories],
  );
  const isNumbers = bins.some(isNumberBin);
  const [currentRows, referenceRows] = [rowsOf(current), rowsOf(reference)];
  const makeOptions = useCallback(
    (colours: Colours) => {
      const names = shown.map((bin) => bin.name);
      const isLying = !isNumbers;
      const nameAxis = {
        ...axisLook(colours),
        type: 'category',
        data: names,
        ...(isLying ? { inverse: true } : {}),
        splitLine: { show: false },
        axisLabel: { ...axisLook(colours).axisLabel, ...(isLying ? { width: 96, overflow: 'truncate', hideOverlap: false } : {}) },
      };
      const valueAxis = {
        ...axisLook(colours),
        type: 'value',
        splitNumber: 4,
        axisLabel: { ...axisLook(colours).axisLabel, formatter: (value: number) => trimZeros(shareWords(value)) },
      };
      return {
        grid: { left: 8, right: 16, top: 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
        [isLying ? 'yAxis' : 'xAxis']: nameAxis,
        [isLying ? 'xAxis' : 'yAxis']: valueAxis,
        tooltip: {
          ...tooltipLook(colours),
          trigger: 'axis',
          axisPointer: { type: 'shadow', shadowStyle: { color: colours.grid, opacity: 0.6 } },
          formatter: (items: { dataIndex: number }[]) => {
            const bin = shown[items[0]?.dataIndex ?? 0];
            if (bin === undefined) return '';
            const side = (count: number, rows: number): string => `${shareWords(share(count, rows))} (${countWords(count)})`;
            return tooltipContent(unit === null ? bin.name : `${bin.name} ${unit}`, [
              [current.name, side(bin.current, currentRows)],
              ...(reference === null || bin.reference === null
                ? []
                : [[reference.name, side(bin.reference, referenceRows)] as [string, string]]),
            ]);
          },
        },
        series: [
          ...(reference === null
            ? []
            : [
                {
                  type: 'bar',
                  data: shown.map((bin) => share(bin.reference ?? 0, referenceRows)),
                  itemStyle: { color: colours[reference.colour ?? 'series-faint'], opacity: 0.55, borderRadius: isLying ? [0, 2, 2, 0] : [2, 2, 0, 0] },
                  barMaxWidth: 28,
                  barGap: '8%',
                  barCategoryGap: '28%',
                },
              ]),
          {
            type: 'bar',
            data: shown.map((bin) => share(bin.current, currentRows)),
            itemStyle: { color: colours[current.colour ?? 'series-1'], opacity: current.colour === undefined ? 0.85 : 0.55, borderRadius: isLying ? [0, 2, 2, 0] : [2, 2, 0, 0] },
            barMaxWidth: 28,
            barCategoryGap: '28%',
          },
        ],
      };
    },
    [shown, isNumbers, currentRows, referenceRows, current, reference, unit],
  );
  const lying = isNumbers ? 0 : shown.length;
  return (
    <div>
      <ul className={legendStyles.legend} data-legend>
        {reference !== null && <Entry name={reference.name} colour={`var(--${reference.colour ?? 'series-faint'})`} look="bar" />}
        <Entry name={current.name} colour={`var(--${current.colour ?? 'series-1'})`} look="bar" />
      </ul>
      <EChart label={label} makeOptions={makeOptions} height={Math.max(height, lying * 22 + 40)} />
      {rest !== null && (
        <p className={styles.rest}>
          {rest.name} not drawn: {shareWords(share(rest.current, currentRows))}
          {rest.reference !== null && `, ${reference?.name ?? ''} ${shareWords(share(rest.reference, referenceRows))}`}
        </p>
      )}
    </div>
  );
}

const rowsOf = (side: HistogramSide | null): number => side?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
const share = (count: number, rows: number): number => (rows === 0 ? 0 : count / rows);
