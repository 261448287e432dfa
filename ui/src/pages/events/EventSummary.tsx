// What happened, in the largest letters: output, action and outcome of a prediction; label, refresh or change otherwise.
import type { ReactNode } from 'react';
import type { EventDetail } from '../../api/types';
import { Figures } from '../../design/Facts';
import { Icon } from '../../design/Icon';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { useZone } from '../../scope/zone';
import { millisecondWords, shareWords, UNKNOWN } from '../../words/numbers';
import { durationWords, exactTimeWords, timeWords } from '../../words/times';
import styles from './event.module.css';
import { numberOf, probabilitiesOf, textOf } from './kept';
import { figureWords, isFigure } from './words';

interface Figure {
  name: string;
  value: ReactNode;
  note?: ReactNode;
}

export function EventSummary({ detail }: { detail: EventDetail }) {
  const { error } = detail.event;
  return (
    <Panel>
      {error !== null && (
        <p className={styles.error}>
          <Icon name="warning" />
          <span>
            The answer failed: <Payload text={error} />
          </span>
        </p>
      )}
      <Figures figures={useFigures(detail)} />
    </Panel>
  );
}

function useFigures(detail: EventDetail): Figure[] {
  const zone = useZone();
  const { event, everything } = detail;
  const payload = (text: string | null) => (text === null ? UNKNOWN : <Payload text={text} />);
  switch (event.kind) {
    case 'prediction':
      return [output(detail), action(detail), outcome(detail), { name: 'Latency', value: millisecondWords(event.latency_ms), ...(event.latency_ms === null ? { note: 'not observed' } : {}) }];
    case 'feedback': {
      const knownAt = textOf(everything, 'known_at');
      return [
        { name: 'Label', value: payload(event.name) },
        { name: 'Value', value: payload(event.value) },
        { name: 'Known', value: timeWords(knownAt ?? event.at, zone), ...(knownAt === null ? { note: 'when it happened' } : {}) },
      ];
    }
    case 'heartbeat': {
      const rows = numberOf(everything, 'rows');
      return [
        { name: 'Source', value: payload(event.source) },
        {
          name: 'Holds data until',
          value: event.value === null ? UNKNOWN : timeWords(event.value, zone),
          ...(event.value === null ? {} : { note: `${between(event.value, event.at)} before the refresh ended` }),
        },
        { name: 'Rows refreshed', value: rows === null ? UNKNOWN : figureWords(rows) },
      ];
    }
    default:
      return [
        { name: 'What changed', value: payload(event.what) },
        { name: 'Reference', value: payload(event.reference) },
        { name: 'When', value: exactTimeWords(event.at, zone) },
      ];
  }
}

const between = (from: string, to: string): string => durationWords((Date.parse(to) - Date.parse(from)) / 1_000);

function output({ event, everything }: EventDetail): Figure {
  const likely = probabilitiesOf(everything).slice(0, 3);
  if (isFigure(event)) return { name: numberOf(everything, 'score') === null ? 'Predicted number' : 'Score', value: figureWords(event.score) };
  return {
    name: 'Output',
    value: event.output === null ? UNKNOWN : <Payload text={event.output} />,
    ...(event.score === null ? {} : { note: `score ${figureWords(event.score)}` }),
    ...(likely.length === 0
      ? {}
      : {
          note: likely.map(([name, probability], index) => (
            <span key={name}>
              {index > 0 && ', '}
              <Payload text={name} /> {shareWords(probability)}
            </span>
          )),
        }),
  };
}

function action({ event, everything }: EventDetail): Figure {
  const alone = textOf(everything, 'model_action');
  const rule = textOf(everything, 'rule');
  const by = event.decided_by === null ? null : (
    <>
      decided by {event.decided_by === 'model' ? 'the model' : 'a '}
      {event.decided_by !== 'model' && <Payload text={event.decided_by} />}
      {rule !== null && (
        <>
          : <Payload text={rule} />
        </>
      )}
    </>
  );
  const isOverridden = alone !== null && alone !== event.action;
  return {
    name: 'Action',
    value: event.action === null ? UNKNOWN : <Payload text={event.action} />,
    note: (
      <>
        {event.action === null && by === null ? 'no decision came with it' : by}
        {isOverridden && (
          <>
            {by !== null && '; '}the model alone: <Payload text={alone} />
          </>
        )}
      </>
    ),
  };
}

function outcome({ event, feedback }: EventDetail): Figure {
  const [latest] = feedback;
  if (latest === undefined) return { name: 'Outcome', value: UNKNOWN, note: 'no label so far' };
  return {
    name: 'Outcome',
    value: (
      <>
        <Payload text={latest.name} /> = <Payload text={latest.value ?? UNKNOWN} />
      </>
    ),
    note: `known ${between(event.at, latest.known_at ?? latest.at)} after the prediction`,
  };
}
