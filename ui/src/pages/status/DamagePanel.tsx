// Files that were not what was written: how many, what went with them, and which.
import type { Status } from '../../api/types';
import { Panel } from '../../design/Panel';
import { type PlainColumn, PlainTable } from '../../design/PlainTable';
import { VerdictMark } from '../../design/Verdict';
import { countWords, plural, UNKNOWN } from '../../words/numbers';
import { localZone, timeWords } from '../../words/times';
import styles from './status.module.css';

type Damaged = NonNullable<Status['damage']>['newest'][number];

export function DamagePanel({ damage }: { damage: Status['damage'] }) {
  if (damage == null) {
    return (
      <Panel title="Damage">
        <p className={styles.line}>The catalogue cannot tell now.</p>
      </Panel>
    );
  }
  if (damage.files === 0) {
    return (
      <Panel title="Damage">
        <p className={styles.line}>
          <VerdictMark verdict="healthy" /> Every file is what was written, as far as it was read again.
        </p>
      </Panel>
    );
  }
  const columns: PlainColumn<Damaged>[] = [
    {
      id: 'file',
      header: 'File',
      cell: ({ table, file, reason, found_at }) => (
        <>
          {table}
          <span className={styles.path}>{file}</span>
          <span className={styles.about}>
            {reason}, found {timeWords(found_at, localZone())}
          </span>
        </>
      ),
      isGrowing: true,
    },
    { id: 'rows', header: 'Rows lost', cell: ({ lost_rows }) => (lost_rows == null ? UNKNOWN : countWords(lost_rows)), align: 'right' },
  ];
  const more = damage.files - damage.newest.length;
  return (
    <Panel
      title="Damage"
      note={`${plural(damage.files, 'file')} set aside below quarantine in the data folder, ${plural(damage.lost_rows, 'row')} lost as far as known${more > 0 ? `; ${countWords(more)} older ones are not listed` : ''}`}
      isFlush
    >
      <PlainTable label="Damaged files" rows={damage.newest} columns={columns} rowKey={({ file }) => file} />
    </Panel>
  );
}
