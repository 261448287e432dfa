// Names and their values in pairs, and one large figure with its name.
import type { ReactNode } from 'react';
import styles from './Facts.module.css';

export interface Fact {
  name: string;
  value: ReactNode;
}

/** Pairs under each other: the name at the left, the value at the right of it. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd className="figures">{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface FigureProps {
  name: string;
  value: ReactNode;
  /** Sample size, limit or comparison. */
  note?: ReactNode;
}

/** Figures in a row; they wrap where there is no room. */
export function Figures({ figures }: { figures: readonly FigureProps[] }) {
  return (
    <dl className={styles.figures}>
      {figures.map((figure) => (
        <div key={figure.name} className={styles.figure}>
          <dt>{figure.name}</dt>
          <dd>
            <span className={styles.value}>{figure.value}</span>
            {figure.note !== undefined && <span className={styles.note}>{figure.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
