// Verdicts over periods in a table's cell: the heights and colours of the strip, in a few paths.
import type { Verdict } from '../api/types';
import { toneOf } from '../design/Verdict';
import styles from './VerdictBars.module.css';
import { verdictSummary } from './VerdictStrip';

/** Share of the height that a verdict takes, so that it is told without colour. */
const HEIGHTS: Readonly<Partial<Record<Verdict, number>>> = { broken: 1, drifted: 0.68, healthy: 0.4, not_observed: 0.08, no_data: 0.08 };
const OTHER_HEIGHT = 0.22;
const WIDTH = 100;
/** With more periods than this there is no room between them. */
const DENSE = 60;

export function VerdictBars({ label, verdicts, height = 20 }: { label: string; verdicts: readonly Verdict[]; height?: number }) {
  const words = verdictSummary(verdicts);
  return (
    <svg
      className={styles.bars}
      viewBox={`0 0 ${WIDTH} ${height}`}
      preserveAspectRatio="none"
      style={{ height }}
      role="img"
      aria-label={`${label}: ${words}`}
    >
      <title>{words}</title>
      {(['neutral', 'healthy', 'drifted', 'broken'] as const).map((tone) => (
        <path key={tone} className={styles[tone]} d={cells(verdicts, (verdict) => toneOf(verdict) === tone, height)} />
      ))}
    </svg>
  );
}

function cells(verdicts: readonly Verdict[], isDrawn: (verdict: Verdict) => boolean, height: number): string {
  const step = WIDTH / verdicts.length;
  const width = verdicts.length > DENSE ? step : step * 0.8;
  return verdicts
    .map((verdict, index) => {
      if (!isDrawn(verdict)) return '';
      const top = height * (1 - (HEIGHTS[verdict] ?? OTHER_HEIGHT));
      return `M${(index * step).toFixed(2)} ${height}V${top.toFixed(1)}h${width.toFixed(2)}V${height}z`;
    })
    .join('');
}
