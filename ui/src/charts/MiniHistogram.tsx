// Two distributions over the same bins in the height of a table row, as plain SVG: the left filled, the right as an outline.
import type { BinLabel } from '../api/types';
import { isNumberBin } from '../words/bins';
import styles from './MiniHistogram.module.css';

interface MiniHistogramProps {
  bins: readonly BinLabel[];
  left: readonly number[];
  right: readonly number[];
  height?: number;
}

const WIDTH = 160;
/** Categories beyond these say nothing at this size. */
const MOST_BARS = 24;

/** Figures stand beside it, so that it is hidden from screen readers. */
export function MiniHistogram({ bins, left, right, height = 36 }: MiniHistogramProps) {
  const pairs = pairsOf(bins, left, right);
  const most = Math.max(...pairs.flat(), Number.MIN_VALUE);
  const step = WIDTH / Math.max(1, pairs.length);
  const top = (share: number): number => height - 1 - (share / most) * (height - 4);
  const outline = pairs.map(([, share], index) => `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${top(share).toFixed(1)}H${((index + 1) * step).toFixed(1)}`).join('');
  return (
    <svg className={styles.histogram} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" height={height} aria-hidden="true">
      {pairs.map(([share], index) => (
        <rect key={index} x={index * step + step * 0.06} width={step * 0.88} y={top(share)} height={Math.max(0, height - 1 - top(share))} className={styles.left} />
      ))}
      <path d={outline} className={styles.right} />
    </svg>
  );
}

/** Shares of both sides: numbers in order, categories the most frequent first. */
function pairsOf(bins: readonly BinLabel[], left: readonly number[], right: readonly number[]): [number, number][] {
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0) || 1;
  const [leftRows, rightRows] = [total(left), total(right)];
  const pairs = bins.map<[number, number]>((_, index) => [(left[index] ?? 0) / leftRows, (right[index] ?? 0) / rightRows]);
  const filled = pairs.filter(([one, other]) => one > 0 || other > 0);
  if (bins.some(isNumberBin)) return filled;
  return filled.toSorted((one, other) => other[0] + other[1] - one[0] - one[1]).slice(0, MOST_BARS);
}
