// The figures of one column on both sides.
import type { ColumnFigures, Comparison } from '../../api/types';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import styles from './FiguresTable.module.css';
import type { SideNames } from './names';

interface FiguresTableProps {
  column: Comparison['columns'][number];
  names: SideNames;
}

const share = (part: number, { rows }: ColumnFigures): string => (rows === 0 ? '–' : shareWords(part / rows));

export function FiguresTable({ column, names }: FiguresTableProps) {
  const unit = column.unit === null ? '' : ` ${column.unit}`;
  const value = (number: number | null | undefined): string => (number === null || number === undefined ? '–' : `${numberWords(number)}${unit}`);
  const { left, right } = column;
  const has = (of: (figures: ColumnFigures) => unknown): boolean => [left, right].some((figures) => (of(figures) ?? null) !== null);
  const lines: { name: string; of: (figures: ColumnFigures) => string; isShown: boolean }[] = [
    { name: 'Rows', of: (figures) => countWords(figures.rows), isShown: true },
    { name: 'Mean', of: (figures) => value(figures.mean), isShown: has((figures) => figures.mean) },
    { name: 'Median', of: (figures) => value(figures.quantiles?.p50), isShown: has((figures) => figures.quantiles) },
    { name: 'p05 – p95', of: ({ quantiles }) => (quantiles === null ? '–' : `${numberWords(quantiles.p05)} – ${numberWords(quantiles.p95)}${unit}`), isShown: has((figures) => figures.quantiles) },
    { name: 'Missing', of: (figures) => share(figures.missing, figures), isShown: left.missing + right.missing > 0 },
    { name: 'Stand-ins', of: (figures) => share(figures.defaulted, figures), isShown: left.defaulted + right.defaulted > 0 },
    { name: 'Stale', of: (figures) => share(figures.stale, figures), isShown: left.stale + right.stale > 0 },
  ];
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label={`${column.subject}, figures of both sides`}>
      <table className={styles.table}>
        <thead>
          <tr>
            <td />
            <th scope="col">{names.left}</th>
            <th scope="col">{names.right}</th>
          </tr>
        </thead>
        <tbody>
          {lines
            .filter((line) => line.isShown)
            .map((line) => (
              <tr key={line.name}>
                <th scope="row">{line.name}</th>
                <td>{line.of(left)}</td>
                <td>{line.of(right)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
