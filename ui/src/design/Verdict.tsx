// A verdict as a mark (shape and colour) and as a badge (mark and word); never by colour alone.
import type { Verdict } from '../api/types';
import { VERDICTS } from '../words/verdicts';
import { classes } from './classes';
import styles from './Verdict.module.css';

/** The colour family of a verdict: three that say something, one for all that do not. */
export const toneOf = (verdict: Verdict): 'broken' | 'drifted' | 'healthy' | 'neutral' =>
  verdict === 'broken' || verdict === 'drifted' || verdict === 'healthy' ? verdict : 'neutral';

/** The shape alone; wherever it stands without its word, `label` tells it to screen readers. */
export function VerdictMark({ verdict, size = 12, label }: { verdict: Verdict; size?: number; label?: string }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 12 12"
      className={classes(styles.mark, styles[toneOf(verdict)])}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {shape(verdict)}
    </svg>
  );
}

function shape(verdict: Verdict) {
  const hollow = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.4 };
  switch (verdict) {
    case 'broken':
      return (
        <>
          <circle cx="6" cy="6" r="6" fill="currentColor" />
          <path d="M3.900 3.900l4.200 4.200M8.100 3.900l-4.200 4.200" className={styles.cut} strokeWidth="1.600" strokeLinecap="round" />
        </>
      );
    case 'drifted':
      return <path d="M6 .8 11.700 11H.3z" fill="currentColor" strokeLinejoin="round" />;
    case 'healthy':
      return <circle cx="6" cy="6" r="4.400" fill="currentColor" />;
    case 'insufficient_sample':
      return <path d="M6 1.800 10.700 10.300H1.300z" {...hollow} strokeLinejoin="round" />;
    case 'labels_pending':
      return (
        <>
          <circle cx="6" cy="6" r="4.800" {...hollow} />
          <path d="M6 3.400V6l1.800 1.200" {...hollow} strokeLinecap="round" />
        </>
      );
    case 'unjudged':
      return <circle cx="6" cy="6" r="4.300" {...hollow} />;
    case 'not_observed':
      return <circle cx="6" cy="6" r="4.300" {...hollow} strokeDasharray="1.900 1.480" />;
    case 'no_data':
      return <path d="M2.500 6h7" {...hollow} strokeLinecap="round" />;
  }
}

/** Mark and word. `words` replaces the verdict's name, as in "Broken since April 2013". */
export function VerdictBadge({ verdict, words, look = 'soft' }: { verdict: Verdict; words?: string; look?: 'soft' | 'bare' }) {
  return (
    <span
      className={classes(styles.badge, look === 'soft' && styles.soft, styles[toneOf(verdict)])}
      title={VERDICTS[verdict].meaning}
    >
      <VerdictMark verdict={verdict} />
      <span className={styles.word}>{words ?? VERDICTS[verdict].name}</span>
    </span>
  );
}
