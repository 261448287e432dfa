// A spec as a page to read: purpose, promises by arrow, feedback, sources, features, decision, cost, reference, privacy.
import type { ReactNode } from 'react';
import { type Fact, Facts } from '../../design/Facts';
import { Columns, Panel } from '../../design/Panel';
import { type PlainColumn, PlainTable } from '../../design/PlainTable';
import { ARROW_WORDS } from '../../words/arrows';
import { listWords, plural } from '../../words/numbers';
import { writtenDurationWords, writtenShareWords } from '../../words/quantities';
import type { Columns as TableColumns, Source, Spec } from './parsed';
import styles from './spec.module.css';
import { SpecFeatures } from './SpecFeatures';
import {
  alarmWords,
  decisionWords,
  feedbackWords,
  MEASURES,
  type Promise,
  promisesOf,
  purposeWords,
  referenceWords,
  TASKS,
  unwrittenOf,
} from './words';

/** What the model is for and what is promised; stands beside the text. */
export function SpecWords({ spec }: { spec: Spec }) {
  return (
    <div className={styles.words}>
      <PurposeWords spec={spec} />
      <PromiseTable spec={spec} />
      <Columns minimum={240}>
        <FeedbackWords spec={spec} />
        <DecisionWords spec={spec} />
      </Columns>
      <Unwritten spec={spec} />
    </div>
  );
}

/** The particulars, which take the whole width. */
export function SpecParticulars({ model, spec }: { model: string; spec: Spec }) {
  return (
    <>
      <SpecFeatures model={model} spec={spec} />
      <Columns minimum={400}>
        <SourceTable sources={spec.sources ?? {}} features={spec.features} />
        <ReferenceWords spec={spec} />
        <PrivacyWords spec={spec} />
        {spec.cost !== undefined && <CostWords cost={spec.cost} />}
        {spec.alarms !== undefined && (
          <Panel title="Alarms">
            <Sentence>{alarmWords(spec.alarms)}</Sentence>
          </Panel>
        )}
      </Columns>
      {spec.columns !== undefined && <ColumnsTable columns={spec.columns} />}
    </>
  );
}

const Sentence = ({ children }: { children: ReactNode }) => <p className={styles.sentence}>{children}</p>;

function PurposeWords({ spec }: { spec: Spec }) {
  const facts: Fact[] = [
    { name: 'Owner', value: spec.owner ?? 'not written' },
    { name: 'Says', value: TASKS[spec.task] },
    { name: 'Time zone', value: spec.timezone },
    { name: 'Looked at', value: spec.slices === undefined ? 'as a whole' : `as a whole, and by ${listWords(spec.slices)}` },
  ];
  return (
    <Panel title="Purpose">
      {spec.purpose !== undefined && <Sentence>{purposeWords(spec.purpose)}</Sentence>}
      <Facts facts={facts} />
    </Panel>
  );
}

function PromiseTable({ spec }: { spec: Spec }) {
  const promises = promisesOf(spec);
  const columns: PlainColumn<Promise>[] = [
    {
      id: 'arrow',
      header: 'Arrow',
      cell: (row) => {
        const isFirst = promises.find((each) => each.arrow === row.arrow) === row;
        const { number, name } = ARROW_WORDS[row.arrow];
        return <span className={isFirst ? undefined : 'unseen'}>{`${number} ${name}`}</span>;
      },
    },
    {
      id: 'what',
      header: 'What',
      cell: ({ what, how }) => (
        <>
          {what}
          <span className={styles.how}>{how}</span>
        </>
      ),
      isHeading: true,
      isGrowing: true,
    },
    {
      id: 'limit',
      header: 'Limit',
      cell: ({ limit, isDefault }) => (
        <span className={styles.limit}>
          {limit}
          {isDefault && <span className={styles.how}>by default</span>}
        </span>
      ),
    },
  ];
  return (
    <Panel title="Promises" note="Everything that is judged, arrow by arrow" isFlush>
      <PlainTable label="Limits by arrow" rows={promises} columns={columns} rowKey={({ what }) => what} />
    </Panel>
  );
}

function FeedbackWords({ spec: { feedback } }: { spec: Spec }) {
  return (
    <Panel title="Feedback">
      {feedback === undefined ? (
        <Sentence>No label is named.</Sentence>
      ) : (
        <Sentence>
          The label is <strong>{feedback.label}</strong>. {feedbackWords(feedback)}
        </Sentence>
      )}
    </Panel>
  );
}

function DecisionWords({ spec: { decision } }: { spec: Spec }) {
  return (
    <Panel title="Decision">
      <Sentence>{decision === undefined ? 'What an answer leads to is not written.' : decisionWords(decision)}</Sentence>
    </Panel>
  );
}

function SourceTable({ sources, features }: { sources: Record<string, Source>; features: Spec['features'] }) {
  const rows = Object.entries(sources);
  if (rows.length === 0) return null;
  const used = (name: string): number => Object.values(features).filter((feature) => feature.source === name).length;
  const columns: PlainColumn<[string, Source]>[] = [
    { id: 'name', header: 'Source', cell: ([name]) => name, isHeading: true },
    { id: 'age', header: 'At most so old', cell: ([, { max_age }]) => (max_age === undefined ? 'not written' : writtenDurationWords(max_age)) },
    { id: 'features', header: 'Features', cell: ([name]) => plural(used(name), 'feature') },
    { id: 'owner', header: 'Owner', cell: ([, { owner }]) => owner ?? 'not written', isGrowing: true },
  ];
  return (
    <Panel title="Sources" note="Where features are computed from" isFlush>
      <PlainTable label="Sources of features" rows={rows} columns={columns} rowKey={([name]) => name} />
    </Panel>
  );
}

function ReferenceWords({ spec: { reference, drift, timezone } }: { spec: Spec }) {
  return (
    <Panel title="Reference and drift">
      <Sentence>
        {reference === undefined ? 'No reference is named: there is nothing to measure drift against. ' : `${referenceWords(reference, timezone)} `}
        Each window of {writtenDurationWords(drift.window)} is measured by the {lowered(MEASURES[drift.measure])}.
      </Sentence>
    </Panel>
  );
}

/** Within a sentence; names of people keep their capital. */
const lowered = (words: string): string => (/^(Population|The)/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words);

function PrivacyWords({ spec }: { spec: Spec }) {
  const { subject, retention } = spec.privacy ?? {};
  const kept = spec.capture?.features;
  return (
    <Panel title="Privacy and retention">
      <Sentence>
        {subject === undefined ? (
          'No field names a person. '
        ) : (
          <>
            <strong>{subject}</strong> names whom a prediction is about; it is kept as a keyed hash only.{' '}
          </>
        )}
        Events are kept for {writtenDurationWords(retention?.events ?? '30d')}, profiles and findings for {writtenDurationWords(retention?.profiles ?? '2y')}.
        {kept !== undefined && ` The features of ${writtenShareWords(kept)} of predictions are kept, and always those of failed and overridden answers.`}
      </Sentence>
    </Panel>
  );
}

function CostWords({ cost }: { cost: NonNullable<Spec['cost']> }) {
  const facts: Fact[] = [
    ...(cost.at_most === undefined ? [] : [{ name: 'At most', value: cost.at_most }]),
    ...Object.entries(cost.prices).map(([name, price]) => ({ name, value: price })),
  ];
  return (
    <Panel title="Cost" note="The limit, and the price of what requests use">
      <Facts facts={facts} />
    </Panel>
  );
}

/** Names under names as one path: `arms.control.score`. */
function pathsOf(columns: TableColumns, prefix = ''): { field: string; column: string }[] {
  return Object.entries(columns).flatMap(([name, value]) =>
    typeof value === 'string' ? [{ field: `${prefix}${name}`, column: value }] : pathsOf(value as TableColumns, `${prefix}${name}.`),
  );
}

function ColumnsTable({ columns }: { columns: TableColumns }) {
  return (
    <Panel title="Columns of a log" note="How rows of a table become events; a feature is read from the column of its own name" isFlush>
      <PlainTable
        label="Fields and their columns"
        rows={pathsOf(columns)}
        columns={[
          { id: 'field', header: 'Field of the event', cell: ({ field }) => <code>{field}</code>, isHeading: true },
          { id: 'column', header: 'Column', cell: ({ column }) => <code>{column}</code>, isGrowing: true },
        ]}
        rowKey={({ field }) => field}
      />
    </Panel>
  );
}

function Unwritten({ spec }: { spec: Spec }) {
  const gaps = unwrittenOf(spec);
  if (gaps.length === 0) return null;
  return (
    <Panel title="Not written">
      <ul className={styles.gaps}>
        {gaps.map((gap) => (
          <li key={gap}>{gap}</li>
        ))}
      </ul>
    </Panel>
  );
}
