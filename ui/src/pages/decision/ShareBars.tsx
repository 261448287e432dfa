// Named parts of a whole as bars with their counts and shares; a bar may have a darker part of its own.
import { countWords, shareWords } from '../../words/numbers';
import styles from './ShareBars.module.css';

export interface SharePart {
  name: string;
  rows: number;
  /** Rows of these that are set apart, such as the overridden ones. */
  part?: number;
  note?: string;
}

interface ShareBarsProps {
  parts: readonly SharePart[];
  /** The whole, where the parts do not add up to it. */
  total?: number;
  /** What is said where there is nothing. */
  none: string;
}

export function ShareBars({ parts, total, none }: ShareBarsProps) {
  if (parts.length === 0) return <p className={styles.none}>{none}</p>;
  const sum = parts.reduce((rows, part) => rows + part.rows, 0);
  const whole = Math.max(total ?? 0, sum) || 1;
  const longest = Math.max(...parts.map((part) => part.rows), 1);
  return (
    <ul className={styles.list}>
      {parts.map((part) => (
        <li key={part.name}>
          <div className={styles.words}>
            <span className={styles.name} title={part.name}>
              {part.name}
            </span>
            <span className={styles.figures}>
              {countWords(part.rows)} <strong>{shareWords(part.rows / whole)}</strong>
            </span>
          </div>
          <div className={styles.bar} aria-hidden="true">
            <span style={{ width: `${(part.rows / longest) * 100}%` }}>{part.part !== undefined && part.part > 0 && <i style={{ width: `${(part.part / part.rows) * 100}%` }} />}</span>
          </div>
          {part.note !== undefined && <p className={styles.note}>{part.note}</p>}
        </li>
      ))}
    </ul>
  );
}
