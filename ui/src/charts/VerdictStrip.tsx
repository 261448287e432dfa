// A strip of cells, one a period, that tells verdicts by height, shape and colour; arrow keys walk it, Enter opens a cell.
import { type KeyboardEvent, useRef, useState } from 'react';
import type { Period, Verdict } from '../api/types';
import { classes } from '../design/classes';
import { toneOf } from '../design/Verdict';
import { shortPeriodWords } from '../words/times';
import { VERDICTS, verdictName } from '../words/verdicts';
import styles from './VerdictStrip.module.css';

interface VerdictStripProps {
  /** Whose verdicts: "Decision". */
  label: string;
  periods: readonly Period[];
  verdicts: readonly Verdict[];
  /** Makes the cells buttons. */
  onOpen?: (index: number) => void;
  height?: number;
  /** Leaves room at the left and right as the charts in time do, so that cells stand under their points. */
  isAligned?: boolean;
}

export function VerdictStrip({ label, periods, verdicts, onOpen, height = 22, isAligned = false }: VerdictStripProps) {
  const [active, setActive] = useState<number | null>(null);
  const strip = useRef<HTMLDivElement>(null);
  const className = classes(styles.strip, isAligned && styles.aligned, verdicts.length > 60 && styles.dense);
  if (onOpen === undefined) {
    return (
      <div className={className} style={{ height }} role="img" aria-label={`${label}: ${verdictSummary(verdicts)}`}>
        {verdicts.map((verdict, index) => (
          <span key={periods[index]?.start ?? index} className={classes(styles.cell, styles[toneOf(verdict)], styles[verdict])} title={cellWords(periods[index], verdict)}>
            <i />
          </span>
        ))}
      </div>
    );
  }
  const moves: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = moves[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(verdicts.length - 1, (active ?? verdicts.length - 1) + step));
    setActive(next);
    strip.current?.children[next]?.querySelector('button')?.focus();
  };
  return (
    <div ref={strip} className={className} style={{ height }} role="group" aria-label={`${label}: ${verdictSummary(verdicts)}`} onKeyDown={onKeyDown}>
      {verdicts.map((verdict, index) => (
        <span key={periods[index]?.start ?? index} className={classes(styles.cell, styles[toneOf(verdict)], styles[verdict])}>
          <button
            type="button"
            tabIndex={index === (active ?? verdicts.length - 1) ? 0 : -1}
            aria-label={`${label}, ${cellWords(periods[index], verdict)}`}
            title={cellWords(periods[index], verdict)}
            onFocus={() => setActive(index)}
            onClick={() => onOpen(index)}
          >
            <i />
          </button>
        </span>
      ))}
    </div>
  );
}

const cellWords = (period: Period | undefined, verdict: Verdict): string =>
  `${period === undefined ? '' : `${shortPeriodWords(period)}: `}${VERDICTS[verdict].name}`;

/** "8 drifted, 4 healthy". */
export function verdictSummary(verdicts: readonly Verdict[]): string {
  const counts = new Map<Verdict, number>();
  for (const verdict of verdicts) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts].map(([verdict, count]) => `${count} ${verdictName(verdict).toLowerCase()}`).join(', ');
}
