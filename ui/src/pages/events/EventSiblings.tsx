// The predictions of one decision side by side: what was answered, and what the others would have done.
import type { ReactNode } from 'react';
import type { EventDetail, EventRow } from '../../api/types';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { classes } from '../../design/classes';
import { useZone } from '../../scope/zone';
import { millisecondWords, plural, UNKNOWN } from '../../words/numbers';
import { exactTimeWords } from '../../words/times';
import { EventLink } from './columns';
import styles from './event.module.css';
import { EventOutput } from './EventOutput';

interface Line {
  name: string;
  /** What is compared. */
  text: (row: EventRow) => string | null;
  cell?: (row: EventRow) => ReactNode;
}

const FIRST_WIDTH = 116;
const COLUMN_WIDTH = 190;

export function EventSiblings({ model, detail: { event, siblings } }: { model: string; detail: EventDetail }) {
  const zone = useZone();
  const isPrediction = event.kind === 'prediction';
  if (siblings.length === 0) return null;
  const rows = isPrediction ? [event, ...siblings] : siblings;
  const lines: Line[] = [
    { name: 'Id', text: () => null, cell: (row) => (row === event ? <Payload text={row.id} isCode /> : <EventLink model={model} kind="prediction" id={row.id} />) },
    { name: 'Version', text: (row) => row.version },
    { name: 'Output', text: (row) => row.output, cell: (row) => <EventOutput row={row} /> },
    { name: 'Action', text: (row) => row.action },
    { name: 'Decided by', text: (row) => row.decided_by },
    { name: 'Latency', text: () => null, cell: (row) => millisecondWords(row.latency_ms) },
    { name: 'Error', text: (row) => row.error },
    { name: 'Time', text: () => null, cell: (row) => exactTimeWords(row.at, zone) },
  ];
  const told = lines.filter((line) => ['Id', 'Output', 'Time'].includes(line.name) || rows.some((row) => (line.name === 'Latency' ? row.latency_ms : line.text(row)) !== null));
  const others = plural(siblings.length, 'other prediction');
  return (
    <Panel
      title={isPrediction ? 'The same decision, side by side' : 'The predictions it speaks of'}
      note={isPrediction ? `${others} of decision ${event.decision_id ?? ''}; what differs is marked` : plural(siblings.length, 'prediction')}
      isFlush
    >
      <div className={styles.sideBySide} tabIndex={0} role="region" aria-label="Predictions side by side">
        <table style={{ minWidth: FIRST_WIDTH + rows.length * COLUMN_WIDTH }}>
          <thead>
            <tr>
              <td />
              {rows.map((row, index) => (
                <th key={index} scope="col">
                  <Payload text={row.arm ?? 'no arm'} />
                  {row === event && <span className={styles.this}>this one</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {told.map((line) => {
              const differs = new Set(rows.map(line.text)).size > 1;
              return (
                <tr key={line.name}>
                  <th scope="row">{line.name}</th>
                  {rows.map((row, index) => (
                    <td key={index} className={classes(differs && styles.differs)}>
                      {line.cell?.(row) ?? <Payload text={line.text(row) ?? UNKNOWN} />}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
