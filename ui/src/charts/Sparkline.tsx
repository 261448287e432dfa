// A small line without axes, as plain SVG: gaps where nothing was measured, a limit, and the last value marked.
import type { Limit, Verdict } from '../api/types';
import { toneOf } from '../design/Verdict';
import styles from './Sparkline.module.css';

interface SparklineProps {
  /** What it shows, for screen readers; leave it out where words beside it say the same. */
  label?: string;
  values: readonly (number | null)[];
  limit?: Limit | null;
  /** Colours the last point. */
  verdict?: Verdict;
  look?: 'line' | 'bars';
  height?: number;
}

const WIDTH = 120;

export function Sparkline({ label, values, limit = null, verdict, look = 'line', height = 28 }: SparklineProps) {
  const known = values.filter((value) => value !== null);
  const limits = limit === null ? [] : 'at_least' in limit ? [limit.at_least] : 'at_most' in limit ? [limit.at_most] : [...limit.within];
  if (known.length === 0) return <div className={styles.none} style={{ height }} />;
  const [low, high] = range(known, limits, look === 'bars');
  const x = (index: number): number => ((index + 0.5) / values.length) * WIDTH;
  const y = (value: number): number => height - 3 - ((value - low) / (high - low || 1)) * (height - 6);
  const lastIndex = values.findLastIndex((value) => value !== null);
  const last = values[lastIndex] ?? null;
  const tone = verdict === undefined ? 'accent' : toneOf(verdict);
  return (
    <svg
      className={styles.sparkline}
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      style={{ height }}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {limits.map((value) => (
        <line key={value} x1="0" x2={WIDTH} y1={y(value)} y2={y(value)} className={styles.limit} />
      ))}
      {look === 'bars' ? (
        <path d={bars(values, x, y, height, WIDTH / values.length)} className={styles.bars} />
      ) : (
        <path d={path(values, x, y)} className={styles.line} />
      )}
      {look === 'line' && last !== null && (
        // A line of no length with round ends stays round however the drawing is stretched.
        <path d={`M${x(lastIndex)} ${y(last)}h0`} className={styles.last} style={{ stroke: `var(--${tone})` }} />
      )}
    </svg>
  );
}

/** The limits are always in sight: how far a line is from its limit is what it is there to tell. */
function range(known: number[], limits: number[], fromZero: boolean): [number, number] {
  const values = [...known, ...limits, ...(fromZero ? [0] : [])];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2] : [low, high];
}

function path(values: SparklineProps['values'], x: (index: number) => number, y: (value: number) => number): string {
  let drawn = '';
  let isOpen = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isOpen = false;
      continue;
    }
    const isLonely = !isOpen && (values[index + 1] ?? null) === null;
    drawn += `${isOpen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}${isLonely ? 'h0' : ''}`;
    isOpen = true;
  }
  return drawn;
}

function bars(values: SparklineProps['values'], x: (index: number) => number, y: (value: number) => number, height: number, step: number): string {
  const width = step * 0.7;
  return values
    .map((value, index) => (value === null ? '' : `M${(x(index) - width / 2).toFixed(1)} ${height - 3}V${y(value).toFixed(1)}h${width.toFixed(1)}V${height - 3}z`))
    .join('');
}
