// What became known of a prediction: the label known last counts, those before it are history.
import type { EventDetail } from '../../api/types';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { type PlainColumn, PlainTable } from '../../design/PlainTable';
import { VerdictState } from '../../design/States';
import { useZone } from '../../scope/zone';
import { plural, UNKNOWN } from '../../words/numbers';
import { durationWords, exactTimeWords, timeWords } from '../../words/times';
import styles from './event.module.css';

type Feedback = EventDetail['feedback'][number];

export function EventFeedback({ detail: { event, feedback }, horizonSeconds }: { detail: EventDetail; horizonSeconds: number | null }) {
  const zone = useZone();
  if (feedback.length === 0) {
    return (
      <Panel title="Feedback">
        <VerdictState verdict="labels_pending">
          No label of this prediction is known.
          {horizonSeconds !== null && ` By the spec it is waited for until ${timeWords(new Date(Date.parse(event.at) + horizonSeconds * 1_000).toISOString(), zone)}.`}
        </VerdictState>
      </Panel>
    );
  }
  const [latest] = feedback;
  const columns: PlainColumn<Feedback>[] = [
    { id: 'name', header: 'Label', cell: (row) => <Payload text={row.name} isCut />, isHeading: true },
    {
      id: 'value',
      header: 'Value',
      cell: (row) => (
        <>
          <Payload text={row.value ?? UNKNOWN} isCut />
          {row === latest && feedback.length > 1 && <span className={styles.this}>counts</span>}
        </>
      ),
    },
    { id: 'at', header: 'Happened', cell: (row) => exactTimeWords(row.at, zone) },
    { id: 'known', header: 'Known', cell: (row) => (row.known_at === null ? 'when it happened' : exactTimeWords(row.known_at, zone)) },
    {
      id: 'after',
      header: 'After the prediction',
      cell: (row) => durationWords((Date.parse(row.known_at ?? row.at) - Date.parse(event.at)) / 1_000),
      align: 'right',
    },
  ];
  return (
    <Panel
      title="Feedback"
      note={feedback.length === 1 ? 'One label' : `${plural(feedback.length, 'label')}; the one known last counts`}
      isFlush
    >
      <PlainTable label="Labels of this prediction" rows={feedback} columns={columns} rowKey={(_, index) => String(index)} />
    </Panel>
  );
}
