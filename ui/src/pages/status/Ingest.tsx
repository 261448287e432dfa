// The way of an event from its request into the tables: buffer, journal, memory of what was sent before.
import type { Status } from '../../api/types';
import { Facts } from '../../design/Facts';
import { Panel } from '../../design/Panel';
import { byteWords, countWords } from '../../words/numbers';
import { durationWords } from '../../words/times';

export function Ingest({ status }: { status: Status }) {
  const kept = Math.max(0, status.acknowledged_offset - status.journal_first_offset);
  return (
    <Panel title="Ingest and journal" note="An event is acknowledged once the journal has it on the disk">
      <Facts
        facts={[
          { name: 'Held by requests now', value: byteWords(status.buffer_bytes) },
          { name: 'Acknowledged below offset', value: countWords(status.acknowledged_offset) },
          { name: 'In the tables below offset', value: countWords(status.segment_offset) },
          { name: 'Journal keeps', value: `${countWords(kept)} events from offset ${countWords(status.journal_first_offset)}` },
          { name: 'Journal on the disk', value: byteWords(status.journal_bytes) },
          {
            name: 'Sent again is known for',
            value: status.deduplication_reach_seconds === 0 ? 'nothing was sent yet' : durationWords(status.deduplication_reach_seconds),
          },
        ]}
      />
    </Panel>
  );
}
