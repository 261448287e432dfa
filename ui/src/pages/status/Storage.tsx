// What each table takes on the disk, and what retention did.
import type { Status } from '../../api/types';
import { type Column, DataTable } from '../../design/DataTable';
import { Panel } from '../../design/Panel';
import { EmptyState } from '../../design/States';
import { byteWords, countWords, plural } from '../../words/numbers';
import { agoWords } from '../../words/times';
import styles from './status.module.css';

type Table = Status['storage'][number];

export function Storage({ status: { storage, retention } }: { status: Status }) {
  const bytes = storage.reduce((sum, table) => sum + table.bytes, 0);
  const files = storage.reduce((sum, table) => sum + table.files, 0);
  const largest = Math.max(1, ...storage.map((table) => table.bytes));
  const columns: Column<Table>[] = [
    { id: 'table', header: 'Table', cell: ({ table }) => <span title={table}>{table}</span>, sortValue: ({ table }) => table, width: 180, isGrowing: true },
    { id: 'files', header: 'Files', cell: (table) => countWords(table.files), sortValue: (table) => table.files, width: 76, align: 'right' },
    { id: 'bytes', header: 'Size', cell: (table) => byteWords(table.bytes), sortValue: (table) => table.bytes, width: 92, align: 'right' },
    { id: 'bar', header: 'Of the largest', cell: (table) => <Bar share={table.bytes / largest} />, width: 120 },
  ];
  return (
    <Panel
      title="Storage"
      note={storage.length === 0 ? 'Measured once a minute' : `${byteWords(bytes)} in ${plural(files, 'file')} of ${plural(storage.length, 'table')}, as of a minute ago at most`}
      isFlush
    >
      {storage.length === 0 ? (
        <EmptyState title="Not measured yet">Tables are measured once a minute, when there are any.</EmptyState>
      ) : (
        <DataTable
          label="Tables by size"
          rows={storage}
          columns={columns}
          rowKey={({ table }) => table}
          sort={{ column: 'bytes', order: 'desc' }}
          rowHeight={34}
          maximumHeight="420px"
        />
      )}
      <p className={styles.foot}>
        <strong>Retention</strong>{' '}
        {retention.last_run_at == null ? 'has not run since the start.' : `ran ${agoWords(Date.now() - Date.parse(retention.last_run_at))}`}
        {retention.last_run_at != null && (retention.report == null ? '; it did not end well.' : `: ${retention.report}.`)}
      </p>
    </Panel>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <span className={styles.bar} aria-hidden="true">
      <span style={{ width: `${Math.max(1, share * 100)}%` }} />
    </span>
  );
}
