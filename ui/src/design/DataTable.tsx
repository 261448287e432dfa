// A table of any length: draws only the rows in sight, sorts by its headings, moves by arrow keys or j and k.
import {
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
  type ColumnDef,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { classes } from './classes';
import styles from './DataTable.module.css';
import { Icon } from './Icon';

export interface Column<Row> {
  id: string;
  header: string;
  /** What the column means, on hover. */
  help?: string;
  cell: (row: Row) => ReactNode;
  /** By what it sorts; a column without it does not sort. What has no value comes last. */
  sortValue?: (row: Row) => number | string | null | undefined;
  width: number;
  /** Takes the room that is left. */
  isGrowing?: boolean;
  align?: 'left' | 'right';
}

export interface Sort {
  column: string;
  order: 'asc' | 'desc';
}

interface DataTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** The order now; with `onSort` the server sorts, without it the table does. */
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  onOpen?: (row: Row) => void;
  /** Told when the last rows come into sight, to fetch more. */
  onEnd?: () => void;
  /** Rows there are in all, when more can be fetched. */
  total?: number;
  rowHeight?: number;
  /** CSS height after which the table scrolls in its box. */
  maximumHeight?: string;
  /** Keeps the first column in sight while the others scroll sideways. */
  isFirstFixed?: boolean;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export function DataTable<Row extends object>({
  label,
  rows,
  columns,
  rowKey,
  sort,
  onSort,
  onOpen,
  onEnd,
  total,
  rowHeight = 40,
  maximumHeight = '70vh',
  isFirstFixed = false,
}: DataTableProps<Row>) {
  const [ownSort, setOwnSort] = useState<Sort | undefined>(sort);
  const shown = onSort === undefined ? ownSort : sort;
  const sorting = useMemo<SortingState>(
    () => (shown === undefined ? [] : [{ id: shown.column, desc: shown.order === 'desc' }]),
    [shown],
  );
  const definitions = useMemo(
    () =>
      columns.map<ColumnDef<typeof features, Row>>((column) => ({
        id: column.id,
        accessorFn: (row: Row) => column.sortValue?.(row) ?? undefined,
        enableSorting: column.sortValue !== undefined,
        sortUndefined: 'last',
        sortFn: (left, right, id) => compare(left.getValue(id), right.getValue(id)),
      })),
    [columns],
  );
  const table = useTable({
    features,
    data: rows,
    columns: definitions,
    getRowId: rowKey,
    state: { sorting },
    manualSorting: onSort !== undefined,
  });
  const sorted = table.getRowModel().rows;

  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 3,
    useFlushSync: false,
  });
  const inSight = virtualizer.getVirtualItems();
  const first = inSight[0];
  const last = inSight.at(-1);
  const lastIndex = last?.index ?? 0;
  useEffect(() => {
    if (onEnd !== undefined && sorted.length > 0 && lastIndex >= sorted.length - 10) onEnd();
  }, [lastIndex, sorted.length, onEnd]);

  const [active, setActive] = useState(0);
  // The row that Tab comes to; where the active one was scrolled away, the first in sight.
  const isInSight = inSight.some((item) => item.index === active);
  const reached = isInSight ? active : (virtualizer.range?.startIndex ?? first?.index ?? 0);
  // The row that the keys went to; it may only be drawn after the scroll.
  const wanted = useRef<number | null>(null);
  const focusWanted = (): void => {
    if (wanted.current === null) return;
    box.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`)?.focus({ preventScroll: true });
  };
  useLayoutEffect(focusWanted);
  const reach = useCallback((index: number): void => {
    wanted.current = null;
    setActive(index);
  }, []);
  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(sorted.length - 1, index));
    wanted.current = next;
    setActive(next);
    virtualizer.scrollToIndex(next);
    focusWanted();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTableSectionElement>): void => {
    if (event.target instanceof HTMLElement && event.target.tagName !== 'TR') return;
    const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 };
    const step = steps[event.key];
    if (step !== undefined) moveTo(reached + step);
    else if (event.key === 'Home') moveTo(0);
    else if (event.key === 'End') moveTo(sorted.length - 1);
    else if (event.key === 'Enter' && onOpen !== undefined) {
      const row = sorted[active];
      if (row !== undefined) onOpen(row.original);
    } else return;
    event.preventDefault();
  };
  const press = (column: Column<Row>): void => {
    const isSame = shown?.column === column.id;
    const next: Sort = { column: column.id, order: isSame && shown?.order === 'desc' ? 'asc' : 'desc' };
    if (onSort === undefined) setOwnSort(next);
    else onSort(next);
  };

  return (
    <div
      ref={box}
      className={styles.box}
      style={{ maxHeight: maximumHeight }}
      onScroll={({ currentTarget }) => currentTarget.toggleAttribute('data-scrolled', currentTarget.scrollLeft > 0)}
    >
      <table
        className={classes(styles.table, isFirstFixed && styles.firstFixed)}
        aria-label={label}
        aria-rowcount={(total ?? sorted.length) + 1}
        style={{ minWidth: columns.reduce((sum, column) => sum + column.width, 0) }}
      >
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={column.isGrowing ? {} : { width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => {
              const isSorted = shown?.column === column.id;
              return (
                <th
                  key={column.id}
                  scope="col"
                  title={column.help}
                  className={column.align === 'right' ? styles.right : undefined}
                  aria-sort={isSorted ? (shown.order === 'asc' ? 'ascending' : 'descending') : undefined}
                >
                  {column.sortValue === undefined ? (
                    column.header
                  ) : (
                    <button type="button" className={classes(styles.sort, isSorted && styles.sorted)} onClick={() => press(column)}>
                      {column.header}
                      <span className={classes(styles.order, isSorted && shown.order === 'asc' && styles.ascending)}>
                        <Icon name="chevron" size={12} />
                      </span>
                    </button>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          {first !== undefined && first.start > 0 && <Spacer height={first.start} />}
          {inSight.map((item) => {
            const row = sorted[item.index];
            if (row === undefined) return null;
            return (
              <DataRow
                key={row.id}
                row={row.original}
                index={item.index}
                columns={columns}
                height={rowHeight}
                isReached={item.index === reached}
                onReach={reach}
                onOpen={onOpen}
              />
            );
          })}
          {last !== undefined && <Spacer height={virtualizer.getTotalSize() - last.end} />}
        </tbody>
      </table>
    </div>
  );
}

interface DataRowProps<Row> {
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  height: number;
  isReached: boolean;
  onReach: (index: number) => void;
  onOpen: ((row: Row) => void) | undefined;
}

/** Remembered: a press or a scroll draws the rows anew that are other rows, and those alone. */
const DataRow = memo(function DataRow<Row extends object>({ row, index, columns, height, isReached, onReach, onOpen }: DataRowProps<Row>) {
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      tabIndex={isReached ? 0 : -1}
      className={classes(styles.row, onOpen !== undefined && styles.opens)}
      style={{ height }}
      onFocus={() => onReach(index)}
      onClick={(event) => {
        // A link or button inside the row does its own thing.
        if (onOpen !== undefined && !(event.target as HTMLElement).closest('a,button')) onOpen(row);
      }}
    >
      {columns.map((column) => (
        <td key={column.id} className={column.align === 'right' ? styles.right : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}) as <Row extends object>(props: DataRowProps<Row>) => ReactNode;

/** Stands for the rows that are not drawn. */
function Spacer({ height }: { height: number }) {
  return height <= 0 ? null : <tr aria-hidden="true" style={{ height }} />;
}

function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), 'en', { numeric: true });
}
