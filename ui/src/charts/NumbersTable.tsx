// The figures of a chart as a table.
import { numberWords } from '../words/numbers';
import styles from './NumbersTable.module.css';

export type NumberCell = string | number | null;

export interface Numbers {
  columns: readonly string[];
  rows: readonly (readonly NumberCell[])[];
}

export function NumbersTable({ label, numbers }: { label: string; numbers: Numbers }) {
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label={`${label}, numbers`}>
      <table className={styles.table}>
        <thead>
          <tr>
            {numbers.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {numbers.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, position) => (
                <td key={numbers.columns[position] ?? position} className={typeof cell === 'string' ? styles.text : undefined}>
                  {typeof cell === 'string' ? cell : numberWords(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
