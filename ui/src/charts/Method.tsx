// How figures were computed: the convention's name and meaning, and the sample sizes.
import type { ReactNode } from 'react';
import { Facts } from '../design/Facts';
import { explainConvention, NOISE_FLOOR_WORDS } from '../words/conventions';
import { countWords } from '../words/numbers';
import styles from './Method.module.css';

export interface MethodProps {
  /** Names of conventions, as the API gives them. */
  conventions?: readonly (string | null)[];
  /** What the figures are, where no convention says it. */
  words?: ReactNode;
  rows?: number | null;
  referenceRows?: number | null;
  hasNoiseFloor?: boolean;
}

export function Method({ conventions = [], words, rows, referenceRows, hasNoiseFloor = false }: MethodProps) {
  const names = [...new Set(conventions.filter((name) => name !== null && name !== ''))];
  return (
    <div className={styles.method}>
      {words !== undefined && <div>{words}</div>}
      {names.map((name) => (
        <div key={name}>
          <p>
            <code>{name}</code>
          </p>
          <p className={styles.words}>{explainConvention(name ?? '') ?? 'Explained in docs/conventions.md.'}</p>
        </div>
      ))}
      {hasNoiseFloor && (
        <div>
          <p>
            <strong>Noise floor</strong>
          </p>
          <p className={styles.words}>{NOISE_FLOOR_WORDS}</p>
        </div>
      )}
      {(rows ?? referenceRows ?? null) !== null && (
        <Facts
          facts={[
            ...(rows === undefined || rows === null ? [] : [{ name: 'Rows', value: countWords(rows) }]),
            ...(referenceRows === undefined || referenceRows === null ? [] : [{ name: 'Reference rows', value: countWords(referenceRows) }]),
          ]}
        />
      )}
    </div>
  );
}
