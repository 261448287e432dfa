// What changed between two versions of a spec, side by side or one under the other.
import { type ReactNode, useMemo, useState } from 'react';
import { useSpec } from '../../api/queries';
import type { Specs } from '../../api/types';
import { classes } from '../../design/classes';
import { Choice } from '../../design/Choice';
import { Panel } from '../../design/Panel';
import { Segments } from '../../design/Segments';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { useSearchText } from '../../scope/scope';
import { useZone } from '../../scope/zone';
import { plural } from '../../words/numbers';
import { dateWords } from '../../words/times';
import styles from './Differences.module.css';
import { countsOf, differences, type Row, type Side, type Stretch, stretchesOf, unified } from './changes';
import { fittingLook, type Look, LOOKS, lookOf } from './views';

type Versions = Specs['versions'];

export function Differences({ model, versions, number }: { model: string; versions: Versions; number: number }) {
  const zone = useZone();
  const [againstText, setAgainst] = useSearchText('against');
  const [lookText, setLook] = useSearchText('look', fittingLook());
  const others = versions.filter((each) => each.number !== number);
  const chosen = others.find((each) => String(each.number) === againstText);
  // The one before it, or for the first the one after it.
  const against = chosen ?? others.find((each) => each.number < number) ?? others.at(-1);
  if (against === undefined) {
    return (
      <Panel>
        <EmptyState title="There is one version">Differences show once the owner puts another text.</EmptyState>
      </Panel>
    );
  }
  const options = others.map((each) => ({
    value: String(each.number),
    name: `version ${each.number}`,
    about: `Since ${dateWords(each.created_at, zone)}`,
  }));
  const [older, newer] = against.number < number ? [against.number, number] : [number, against.number];
  return (
    <Compared
      model={model}
      older={older}
      newer={newer}
      look={lookOf(lookText)}
      actions={
        <div className={styles.actions}>
          <Choice label="Against" value={String(against.number)} options={options} onChange={setAgainst} />
          <Segments label="Look" value={lookOf(lookText)} options={LOOKS} onChange={(next: Look) => setLook(next)} />
        </div>
      }
    />
  );
}

interface ComparedProps {
  model: string;
  older: number;
  newer: number;
  look: Look;
  actions: ReactNode;
}

function Compared({ model, older, newer, look, actions }: ComparedProps) {
  const left = useSpec(model, older);
  const right = useSpec(model, newer);
  const rows = useMemo(
    () => (left.data === undefined || right.data === undefined ? undefined : differences(left.data.yaml, right.data.yaml)),
    [left.data, right.data],
  );
  const both = {
    data: rows,
    error: left.error ?? right.error,
    refetch: () => Promise.all([left.refetch(), right.refetch()]),
  };
  return (
    <Panel title={`Version ${older} to version ${newer}`} note={rows === undefined ? undefined : countWords(rows)} actions={actions} isFlush>
      <Loaded
        query={both}
        skeleton={<Skeleton height={420} />}
        isEmpty={(found) => found.every((row) => row.isSame)}
        empty={<EmptyState title="The texts are the same" />}
      >
        {(found) => <DifferenceTable key={`${older} ${newer}`} rows={found} look={look} label={`From version ${older} to version ${newer}`} />}
      </Loaded>
    </Panel>
  );
}

function countWords(rows: readonly Row[]): string {
  const { added, removed } = countsOf(rows);
  return `${plural(added, 'line')} came, ${plural(removed, 'line')} went`;
}

function DifferenceTable({ rows, look, label }: { rows: readonly Row[]; look: Look; label: string }) {
  const stretches = useMemo(() => stretchesOf(rows), [rows]);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const columns = look === 'split' ? 6 : 4;
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label={label}>
      <table className={look === 'split' ? styles.split : styles.unified}>
        {look === 'split' && (
          <colgroup>
            <col className={styles.numberColumn} />
            <col className={styles.signColumn} />
            <col />
            <col className={styles.numberColumn} />
            <col className={styles.signColumn} />
            <col />
          </colgroup>
        )}
        {stretches.map((stretch, index) => (
          <tbody key={index}>
            {stretch.isFolded && !opened.has(index) ? (
              <tr>
                <td colSpan={columns} className={styles.fold}>
                  <button type="button" onClick={() => setOpened(new Set([...opened, index]))}>
                    {plural(stretch.rows.length, 'equal line')}
                  </button>
                </td>
              </tr>
            ) : (
              <Lines stretch={stretch} look={look} />
            )}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Lines({ stretch, look }: { stretch: Stretch; look: Look }) {
  const rows = look === 'split' ? stretch.rows : unified(stretch.rows);
  return rows.map((row, index) => (look === 'split' ? <SplitLine key={index} row={row} /> : <UnifiedLine key={index} row={row} />));
}

function SplitLine({ row }: { row: Row }) {
  return (
    <tr>
      <Half side={row.left} change={row.isSame ? 'same' : 'removed'} />
      <Half side={row.right} change={row.isSame ? 'same' : 'added'} isRight />
    </tr>
  );
}

type Change = 'same' | 'removed' | 'added';

function Half({ side, change, isRight = false }: { side: Side | null; change: Change; isRight?: boolean }) {
  if (side === null) return <td colSpan={3} className={classes(styles.nothing, isRight && styles.right)} />;
  return (
    <>
      <td className={classes(styles.number, isRight && styles.right)}>{side.number}</td>
      <Sign change={change} />
      <Words side={side} change={change} />
    </>
  );
}

function UnifiedLine({ row }: { row: Row }) {
  const change: Change = row.isSame ? 'same' : row.left === null ? 'added' : 'removed';
  const side = row.right ?? row.left;
  return (
    <tr>
      <td className={styles.number}>{row.left?.number}</td>
      <td className={styles.number}>{row.right?.number}</td>
      <Sign change={change} />
      {side !== null && <Words side={side} change={change} />}
    </tr>
  );
}

const SIGNS: Readonly<Record<Change, string>> = { same: '', removed: '−', added: '+' };

function Sign({ change }: { change: Change }) {
  return (
    <td className={styles[change]}>
      <span aria-hidden="true">{SIGNS[change]}</span>
      {change !== 'same' && <span className="unseen">{change}</span>}
    </td>
  );
}

function Words({ side, change }: { side: Side; change: Change }) {
  const Mark = change === 'added' ? 'ins' : 'del';
  return (
    <td className={styles[change]}>
      <code>{side.parts.map((part, index) => (part.isChanged ? <Mark key={index}>{part.text}</Mark> : part.text))}</code>
    </td>
  );
}
