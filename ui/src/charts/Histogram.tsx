// The distribution of a column: reference as outlines, current as bars, in shares of their rows; also for categories.
import { useCallback } from 'react';
import type { BinLabel } from '../api/types';
import { binWords, isNumberBin } from '../words/bins';
import { countWords, shareWords, trimZeros } from '../words/numbers';
import type { Colours } from './colours';
import { EChart } from './EChart';
import { axisLook, tooltipContent, tooltipLook } from './look';
import { Entry, legendStyles } from './Legend';

export interface HistogramSide {
  name: string;
  /** Rows a bin, in the order of `bins`. */
  counts: readonly number[];
}

interface HistogramProps {
  label: string;
  bins: readonly BinLabel[];
  current: HistogramSide;
  /** What it is compared with: the reference, or the left side. */
  reference?: HistogramSide | null;
  unit?: string | null;
  height?: number;
  /** Shows the categories with the most rows only; the rest are summed up. */
  maximumCategories?: number;
}

interface Bin {
  name: string;
  current: number;
  reference: number | null;
}

export function Histogram({ label, bins, current, reference = null, unit = null, height = 220, maximumCategories = 20 }: HistogramProps) {
  const makeOptions = useCallback(
    (colours: Colours) => {
      const isNumbers = bins.some(isNumberBin);
      const shown = topBins(bins, current, reference, isNumbers ? Infinity : maximumCategories);
      const total = (side: HistogramSide | null): number => side?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
      const [currentRows, referenceRows] = [total(current), total(reference)];
      const share = (count: number, rows: number): number => (rows === 0 ? 0 : count / rows);
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
                  itemStyle: { color: colours['series-faint'], opacity: 0.55, borderRadius: isLying ? [0, 2, 2, 0] : [2, 2, 0, 0] },
                  barMaxWidth: 28,
                  barGap: '8%',
                  barCategoryGap: '28%',
                },
              ]),
          {
            type: 'bar',
            data: shown.map((bin) => share(bin.current, currentRows)),
            itemStyle: { color: colours['series-1'], opacity: 0.85, borderRadius: isLying ? [0, 2, 2, 0] : [2, 2, 0, 0] },
            barMaxWidth: 28,
            barCategoryGap: '28%',
          },
        ],
      };
    },
    [bins, current, reference, unit, maximumCategories],
  );
  const lying = bins.some(isNumberBin) ? 0 : Math.min(bins.length, maximumCategories + 1);
  return (
    <div>
      <ul className={legendStyles.legend} data-legend>
        {reference !== null && <Entry name={reference.name} colour="var(--series-faint)" look="bar" />}
        <Entry name={current.name} colour="var(--series-1)" look="bar" />
      </ul>
      <EChart label={label} makeOptions={makeOptions} height={Math.max(height, lying * 22 + 40)} />
    </div>
  );
}

/** Numbers keep their order and lose empty ends; categories come by rows, the rest summed up. */
function topBins(bins: readonly BinLabel[], current: HistogramSide, reference: HistogramSide | null, maximum: number): Bin[] {
  const all = bins.map((bin, index) => ({
    name: binWords(bin),
    isNumber: isNumberBin(bin),
    current: current.counts[index] ?? 0,
    reference: reference === null ? null : (reference.counts[index] ?? 0),
  }));
  const there = all.filter((bin) => bin.current > 0 || (bin.reference ?? 0) > 0);
  if (there.some((bin) => bin.isNumber)) return there;
  const sorted = there.toSorted((left, right) => right.current + (right.reference ?? 0) - left.current - (left.reference ?? 0));
  const rest = sorted.slice(maximum);
  if (rest.length === 0) return sorted;
  return [
    ...sorted.slice(0, maximum),
    {
      name: `${rest.length} others`,
      current: rest.reduce((sum, bin) => sum + bin.current, 0),
      reference: reference === null ? null : rest.reduce((sum, bin) => sum + (bin.reference ?? 0), 0),
    },
  ];
}
