// Whether the server does its work, in figures.
import type { Status } from '../../api/types';
import { Figures } from '../../design/Facts';
import { Panel } from '../../design/Panel';
import { VerdictMark } from '../../design/Verdict';
import { byteWords, countWords, plural } from '../../words/numbers';
import { durationWords, localZone, timeWords } from '../../words/times';
import styles from './status.module.css';

export function StatusSummary({ status }: { status: Status }) {
  const isTaking = status.ready && !status.read_only;
  const waiting = Math.max(0, status.acknowledged_offset - status.segment_offset);
  return (
    <Panel>
      <Figures
        figures={[
          {
            name: 'Events',
            value: (
              <span className={styles.state}>
                <VerdictMark verdict={isTaking ? 'healthy' : 'broken'} size={16} />
                {isTaking ? 'Taken' : 'Not taken'}
              </span>
            ),
            note: `of ${plural(status.models.length, 'model')}`,
          },
          { name: 'Acknowledged', value: countWords(status.acknowledged_offset), note: 'events since the journal began' },
          { name: 'Wait for the tables', value: countWords(waiting), note: waiting === 0 ? 'all are in the tables' : 'in the journal, safe' },
          { name: 'Free on the disk', value: byteWords(status.free_disk_bytes), note: status.read_only ? 'too little: read only' : undefined },
          { name: 'Running for', value: durationWords(status.uptime_seconds), note: `Quiver ${status.version}` },
          {
            name: 'Clock',
            value: status.clock === 'replay' ? 'Replay' : 'Wall',
            note: clockWords(status),
          },
        ]}
      />
    </Panel>
  );
}

function clockWords({ clock, now }: Status): string {
  // A replay begins with its first event.
  if (clock === 'replay' && Date.parse(now) === 0) return 'no event since the start';
  return `${timeWords(now, localZone())}${clock === 'replay' ? ', by the events' : ''}`;
}
