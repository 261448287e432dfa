// The facts beside an event: who and when, what it cost, whether its features were kept, and what was redacted.
import type { ReactNode } from 'react';
import type { EventDetail } from '../../api/types';
import { type Fact, Facts } from '../../design/Facts';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { useZone } from '../../scope/zone';
import { byteWords, countWords, millisecondWords, numberWords, shareWords, UNKNOWN } from '../../words/numbers';
import { durationWords, exactTimeWords } from '../../words/times';
import { EventLink } from './columns';
import styles from './event.module.css';
import { DecisionLink } from './DecisionLink';
import { callsOf, numberOf, redactionOf, textOf } from './kept';
import { lookUp } from '../../words/lookup';

const code = (text: string) => <Payload text={text} isCode />;

export function EventFacts({ model, detail: { event, everything, offset } }: { model: string; detail: EventDetail }) {
  const zone = useZone();
  const text = (name: string) => textOf(everything, name);
  const when = (name: string, value: string | null, show: (value: string) => ReactNode): Fact[] =>
    value === null ? [] : [{ name, value: show(value) }];
  const propensity = numberOf(everything, 'propensity');
  const facts: Fact[] = [
    ...when('Speaks of', event.prediction_id, (id) => <EventLink model={model} kind="prediction" id={id} />),
    ...when('Decision', event.decision_id, (id) => <DecisionLink model={model} decision={id} />),
    ...when('Item', text('item'), code),
    ...when('Entity', text('entity'), code),
    ...when('Arm', event.arm, (arm) => <Payload text={arm} />),
    ...when('Arm assigned', text('arm_assigned'), (arm) => (
      <>
        <Payload text={arm} />
        {propensity !== null && `, with probability ${shareWords(propensity)}`}
      </>
    )),
    ...when('Split', text('arm_config'), code),
    ...when('Version', event.version, (version) => <Payload text={version} />),
    ...when('Request type', event.request_type, (type) => <Payload text={type} />),
    ...Object.entries(event.slices).map(([name, value]) => ({ name, value: <Payload text={value} /> })),
    ...when('Subject', text('subject'), code),
    ...when('Trace', text('trace_id'), code),
    { name: 'Happened', value: exactTimeWords(event.at, zone) },
    { name: 'Accepted', value: exactTimeWords(event.received_at, zone) },
    { name: 'That is after', value: durationWords((Date.parse(event.received_at) - Date.parse(event.at)) / 1_000) },
    { name: 'Journal offset', value: countWords(offset) },
  ];
  return (
    <Panel title="The event">
      <Facts facts={facts} />
    </Panel>
  );
}

const COSTS: readonly { column: string; name: string; write: (value: number) => string }[] = [
  { column: 'cpu_ms', name: 'Processor', write: millisecondWords },
  { column: 'gpu_ms', name: 'Accelerator', write: millisecondWords },
  { column: 'memory_mb', name: 'Memory', write: (value) => `${numberWords(value)} MB` },
  { column: 'bytes', name: 'Moved', write: byteWords },
  { column: 'tokens_in', name: 'Tokens read', write: countWords },
  { column: 'tokens_out', name: 'Tokens written', write: countWords },
];

export function EventCost({ detail: { everything } }: { detail: EventDetail }) {
  const costs = COSTS.flatMap(({ column, name, write }): Fact[] => {
    const value = numberOf(everything, column);
    return value === null ? [] : [{ name, value: write(value) }];
  });
  const calls = callsOf(everything).map(({ service, calls: count, milliseconds }): Fact => {
    const told = [count === null ? null : `${numberWords(count)} ${count === 1 ? 'call' : 'calls'}`, milliseconds === null ? null : millisecondWords(milliseconds)];
    return { name: service, value: told.filter((part) => part !== null).join(', ') || UNKNOWN };
  });
  const isTold = costs.length + calls.length > 0;
  return (
    <Panel title="Cost and calls">
      {isTold ? <Facts facts={[...costs, ...calls]} /> : <p className={styles.words}>Not observed: the event tells neither cost nor calls.</p>}
    </Panel>
  );
}

const CAPTURES: Readonly<Record<string, string>> = {
  sample: 'Kept: the prediction is in the sample.',
  always: 'Kept although it is not in the sample, because the answer failed or was overridden.',
  none: 'Not kept: the prediction is not in the sample.',
};

export function EventCapture({ detail: { capture } }: { detail: EventDetail }) {
  const words = capture.reason === null ? 'Not told.' : (lookUp(CAPTURES, capture.reason) ?? capture.reason);
  const isEverything = capture.probability === 1;
  return (
    <Panel title="Capture of features">
      <p className={styles.words}>
        {isEverything && capture.reason === 'sample' ? 'Kept, as those of every prediction are.' : words}
        {!isEverything && capture.probability !== null && ` Those of a prediction like this one are kept with probability ${shareWords(capture.probability)}.`}
      </p>
    </Panel>
  );
}

export function EventRedactions({ detail: { redacted } }: { detail: EventDetail }) {
  return (
    <Panel title="Redacted" note="What is not there as it was sent, by the spec as it is now">
      {redacted.length === 0 ? (
        <p className={styles.words}>Nothing.</p>
      ) : (
        <ul className={styles.redactions}>
          {redacted.map((told) => {
            const { key, words } = redactionOf(told);
            return (
              <li key={told}>
                <Payload text={key} isCode />
                <span>{words}</span>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
