// Verdicts over time in the least space: bars of four heights, one path a tone, for lists of many models.
import type { Verdict } from '../api/types';
import { toneOf } from '../design/Verdict';
import styles from './VerdictLine.module.css';

const WIDTH = 120;
const TONES = ['broken', 'drifted', 'healthy', 'neutral'] as const;
/** The height tells the verdict without any colour. */
const HEIGHTS: Readonly<Record<(typeof TONES)[number], number>> = { broken: 1, drifted: 0.65, healthy: 0.35, neutral: 0.15 };

/** The words beside it say what it shows: it is hidden from screen readers. */
export function VerdictLine({ verdicts, height = 7 }: { verdicts: readonly Verdict[]; height?: number }) {
  const step = WIDTH / Math.max(1, verdicts.length);
  const gap = verdicts.length > 40 ? 0 : Math.min(2, step * 0.15);
  return (
    <svg className={styles.line} viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" style={{ height }} aria-hidden="true">
      {TONES.map((tone) => (
        <path
          key={tone}
          className={styles[tone]}
          d={verdicts
            .map((verdict, index) =>
              toneOf(verdict) === tone ? `M${(index * step).toFixed(2)} ${height}v${(-height * HEIGHTS[tone]).toFixed(2)}h${(step - gap).toFixed(2)}V${height}z` : '',
            )
            .join('')}
        />
      ))}
    </svg>
  );
}
