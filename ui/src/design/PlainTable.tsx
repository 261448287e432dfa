// A table of a few rows, all of them drawn; long words wrap, and it scrolls sideways in its own box.
import type { ReactNode } from 'react';
import { classes } from './classes';
import styles from './PlainTable.module.css';

export interface PlainColumn<Row> {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  align?: 'left' | 'right';
  /** Takes the room that is left, and wraps. */
  isGrowing?: boolean;
  /** Names the row for screen readers. */
  isHeading?: boolean;
}

interface PlainTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly PlainColumn<Row>[];
  rowKey: (row: Row, index: number) => string;
  /** A row that stands out, such as the one the page is about. */
  isMarked?: (row: Row) => boolean;
}

export function PlainTable<Row>({ label, rows, columns, rowKey, isMarked }: PlainTableProps<Row>) {
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={classOf(column)}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={rowKey(row, index)} className={isMarked?.(row) ? styles.marked : undefined}>
              {columns.map((column) =>
                column.isHeading ? (
                  <th key={column.id} scope="row" className={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const classOf = (column: Pick<PlainColumn<never>, 'align' | 'isGrowing'>): string =>
  classes(column.align === 'right' && styles.right, column.isGrowing && styles.growing);
