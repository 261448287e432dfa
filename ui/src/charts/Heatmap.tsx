// A distribution over time against the reference: a row a bin, a column a period, the colour tells more or less than in the reference.
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Period } from '../api/types';
import { useScope } from '../scope/scope';
import { useZone } from '../scope/zone';
import { countWords, shareWords } from '../words/numbers';
import { shortPeriodWords } from '../words/times';
import { useColours } from './colours';
import type { HeatRow } from './heat';
import { type DrawnHeat, heatOptions } from './heatPlot';
import { Entry, legendStyles } from './Legend';
import styles from './TimeSeries.module.css';

interface HeatmapProps {
  /** What the chart shows, for screen readers. */
  label: string;
  periods: readonly Period[];
  rows: readonly HeatRow[];
  /** A value that divides the rows, such as a threshold. */
  level?: { name: string; value: number } | null;
  onOpen?: (index: number) => void;
}

interface Cell {
  period: number;
  row: number;
}

export function Heatmap({ label, periods, rows, level = null, onOpen }: HeatmapProps) {
  const colours = useColours();
  const zone = useZone();
  const { zoomTo, reset, from } = useScope();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [width, setWidth] = useState(0);
  const [cell, setCell] = useState<Cell | null>(null);
  const [isHere, setHere] = useState(false);
  const tooltipId = useId();
  const height = Math.max(150, rows.length * (rows.length > 14 ? 15 : 19) + 42);

  useLayoutEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // What the drawing reads at every stroke; new figures need no new plot.
  const drawn = useRef<DrawnHeat>(null!);
  drawn.current = { periods, rows, level, colours, zone };
  const actions = useRef({ zoomTo, reset, onOpen, from });
  actions.current = { zoomTo, reset, onOpen, from };

  const data = useMemo<uPlot.AlignedData>(() => {
    const times = periods.map((period) => (Date.parse(period.start) + Date.parse(period.end)) / 2_000);
    return [times, times.map(() => null)];
  }, [periods]);

  useEffect(() => {
    const element = holder.current;
    if (element === null || width === 0) return;
    const made = new uPlot(
      heatOptions(width, height, drawn, {
        onCursor: (period, row) => setCell(period === null ? null : { period, row }),
        onZoom: (start, end) => actions.current.zoomTo(start, end),
        onReset: () => {
          if (actions.current.from !== undefined) actions.current.reset();
        },
        onPress: (index) => actions.current.onOpen?.(index),
      }),
      data,
      element,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
    // Figures have an effect of their own below.
  }, [colours, zone, height, width > 0]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data, rows, level]);

  const moveTo = (next: Cell): void => {
    const at = { period: Math.max(0, Math.min(periods.length - 1, next.period)), row: Math.max(0, Math.min(rows.length - 1, next.row)) };
    setCell(at);
    const time = plot.current?.data[0]?.[at.period];
    if (plot.current !== null && time !== undefined) {
      plot.current.setCursor({ left: plot.current.valToPos(time, 'x'), top: plot.current.valToPos(at.row + 0.5, 'y') });
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const step = steps[event.key];
    if (step !== undefined) moveTo(cell === null ? { period: periods.length - 1, row: rows.length - 1 } : { period: cell.period + step[0], row: cell.row + step[1] });
    else if (event.key === 'Enter' && cell !== null && onOpen !== undefined) onOpen(cell.period);
    else return;
    event.preventDefault();
  };

  const period = cell === null ? undefined : periods[cell.period];
  const row = cell === null ? undefined : rows[cell.row];
  return (
    <div className={styles.chart}>
      <ul className={legendStyles.legend} data-legend>
        <Entry name="More than in the reference" colour="var(--series-1)" look="bar" />
        <Entry name="Less" colour="var(--series-6)" look="bar" />
        {level !== null && <Entry name={level.name} colour="var(--text)" look="dashed" />}
      </ul>
      <div
        ref={holder}
        className={styles.holder}
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-roledescription="chart"
        aria-label={`${label}. ${periods.length} periods, ${rows.length} bins; arrow keys read them.`}
        aria-describedby={tooltipId}
        onKeyDown={onKeyDown}
        onMouseEnter={() => setHere(true)}
        onMouseLeave={() => setHere(false)}
        onFocus={() => setHere(true)}
        onBlur={() => {
          setHere(false);
          setCell(null);
          plot.current?.setCursor({ left: -10, top: -10 });
        }}
      >
        <div id={tooltipId} role="status" className={styles.tooltip} hidden={!isHere || period === undefined || row === undefined} style={tooltipPlace(plot.current, cell)}>
          {period !== undefined && row !== undefined && cell !== null && (
            <>
              <p className={styles.period}>
                {shortPeriodWords(period)}, {row.name}
              </p>
              <Readings row={row} period={cell.period} />
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function Readings({ row, period }: { row: HeatRow; period: number }) {
  const [share, count] = [row.shares[period] ?? null, row.counts[period] ?? null];
  return (
    <ul>
      <li className={styles.reading}>
        <span className={styles.readingName}>Share</span>
        <strong>{share === null ? 'no rows' : shareWords(share)}</strong>
        {count !== null && <span className={styles.detail}>{countWords(count)} rows</span>}
      </li>
      {row.referenceShare !== null && (
        <li className={styles.reading}>
          <span className={styles.readingName}>Reference</span>
          <strong>{shareWords(row.referenceShare)}</strong>
          <span className={styles.detail}>{countWords(row.referenceCount)} rows</span>
        </li>
      )}
    </ul>
  );
}

function tooltipPlace(plot: uPlot | null, cell: Cell | null): { left?: number; right?: number } {
  const time = cell === null ? undefined : plot?.data[0]?.[cell.period];
  if (plot === null || time === undefined) return {};
  const left = plot.valToPos(time, 'x') + plot.over.offsetLeft;
  return left > plot.width * 0.55 ? { right: plot.width - left + 24 } : { left: left + 24 };
}
