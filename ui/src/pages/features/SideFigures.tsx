// The figures of a feature beside each other: of the range or a period, of the reference, of the period before.
import type { ColumnFigures, FeatureDetail } from '../../api/types';
import { countWords, fetchWords, numberWords, shareWords, UNKNOWN } from '../../words/numbers';
import { reasonWords } from '../../words/reasons';
import { invalidRows, shareOf } from './figures';
import styles from './SideFigures.module.css';

export interface Side {
  name: string;
  figures: ColumnFigures;
}

interface SideFiguresProps {
  sides: readonly Side[];
  unit: string | null;
  type: FeatureDetail['feature']['type'];
  /** False where the events do not tell how old values are. */
  isAgeKnown: boolean;
}

export function SideFigures({ sides, unit, type, isAgeKnown }: SideFiguresProps) {
  const first = sides[0]?.figures;
  const lines = linesOf(unit, type, isAgeKnown).filter((line) => !line.isOptional || (first !== undefined && line.words(first) !== UNKNOWN));
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label="Figures">
      <table className={styles.table}>
        <thead>
          <tr>
            <td />
            {sides.map((side) => (
              <th key={side.name} scope="col">
                {side.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.name}>
              <th scope="row">{line.name}</th>
              {sides.map(({ name, figures }) => (
                <td key={name} title={line.title?.(figures)}>
                  {line.words(figures)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Line {
  name: string;
  words: (figures: ColumnFigures) => string;
  title?: (figures: ColumnFigures) => string;
  /** Left out where the first side does not have it. */
  isOptional?: boolean;
}

function linesOf(unit: string | null, type: FeatureDetail['feature']['type'], isAgeKnown: boolean): Line[] {
  const value = (number: number | null): string => (number === null ? UNKNOWN : unit === null ? numberWords(number) : `${numberWords(number)} ${unit}`);
  const share = (name: string, part: (figures: ColumnFigures) => number): Line => ({
    name,
    words: (figures) => shareWords(shareOf(part(figures), figures.rows)),
    title: (figures) => `${countWords(part(figures))} of ${countWords(figures.rows)} rows`,
  });
  // Those that cannot be added up over periods are there for one period only.
  const optional = (name: string, words: (figures: ColumnFigures) => string): Line => ({ name, words, isOptional: true });
  return [
    { name: 'Rows', words: ({ rows }) => countWords(rows) },
    share('Missing', ({ missing }) => missing),
    share('Stand-ins', ({ defaulted }) => defaulted),
    isAgeKnown ? share('Stale', ({ stale }) => stale) : { name: 'Stale', words: () => UNKNOWN, title: () => 'The events do not tell how old values are' },
    { ...share('Invalid', invalidRows), title: invalidWords },
    optional('Cost', ({ costs }) => fetchWords(costs).join(', ') || UNKNOWN),
    type === 'boolean'
      ? optional('True', ({ mean }) => shareWords(mean))
      : optional('Mean', ({ mean }) => value(mean)),
    ...(type === 'boolean' ? [] : [optional('Std deviation', ({ standard_deviation }) => value(standard_deviation))]),
    optional('Median', ({ quantiles }) => value(quantiles?.p50 ?? null)),
    optional('p05 – p95', ({ quantiles }) => (quantiles === null ? UNKNOWN : `${numberWords(quantiles.p05)} – ${numberWords(quantiles.p95)}`)),
    optional('Distinct', ({ distinct }) => countWords(distinct)),
  ];
}

const invalidWords = (figures: ColumnFigures): string =>
  Object.entries(figures.invalid)
    .filter(([, rows]) => rows > 0)
    .map(([reason, rows]) => `${countWords(rows)} ${reasonWords(reason)}`)
    .join(', ');
