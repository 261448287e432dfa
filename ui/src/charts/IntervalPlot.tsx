// A value with its interval on a line that many rows share, as plain SVG: one a row of a table, limits and the whole beside it.
import type { Limit } from '../api/types';
import { limitEnds } from './interval';
import styles from './IntervalPlot.module.css';

export interface PlottedValue {
  value: number;
  interval: readonly [number, number] | null;
  /** CSS colour; the text's without it. */
  colour?: string;
}

interface IntervalPlotProps {
  values: readonly PlottedValue[];
  /** Both ends of the line. */
  range: readonly [number, number];
  limit?: Limit | null;
  /** The same value of the whole population. */
  level?: number | null;
  height?: number;
}

/** Figures stand beside it in words, so that it is hidden from screen readers. */
export function IntervalPlot({ values, range, limit = null, level = null, height = 24 }: IntervalPlotProps) {
  const [low, high] = range;
  const x = (value: number): number => Math.max(0, Math.min(100, ((value - low) / (high - low || 1)) * 100));
  const step = height / (values.length + 1);
  return (
    <svg className={styles.plot} height={height} aria-hidden="true">
      <line x1="0" x2="100%" y1={height / 2} y2={height / 2} className={styles.axis} />
      {level !== null && <line x1={`${x(level)}%`} x2={`${x(level)}%`} y1="0" y2={height} className={styles.level} />}
      {limitEnds(limit).map((end) => (
        <line key={end} x1={`${x(end)}%`} x2={`${x(end)}%`} y1="0" y2={height} className={styles.limit} />
      ))}
      {values.map(({ value, interval, colour }, index) => (
        <g key={index} style={colour === undefined ? undefined : { color: colour }}>
          {interval !== null && (
            <line x1={`${x(interval[0])}%`} x2={`${x(interval[1])}%`} y1={step * (index + 1)} y2={step * (index + 1)} className={styles.interval} />
          )}
          <circle cx={`${x(value)}%`} cy={step * (index + 1)} r="3.5" className={styles.value} />
        </g>
      ))}
    </svg>
  );
}
