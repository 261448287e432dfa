// What the other side would have done on the same decisions: in words, and as a table of two by two.
import type { Request } from '../../api/queries';
import type { Comparison } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { EmptyState } from '../../design/States';
import { useZone } from '../../scope/zone';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import { namesOf } from './names';
import { cellRows, pairedWords } from './paired';
import styles from './PairedDecisions.module.css';

interface PairedProps {
  comparison: Comparison;
  request: Request;
  liveArm: string | undefined;
}

export function PairedDecisions({ comparison, request, liveArm }: PairedProps) {
  const zone = useZone();
  const { paired } = comparison;
  const names = namesOf(comparison, zone);
  const title = comparison.left.arm === liveArm ? 'What the other model would have done' : 'The same decisions on both sides';
  if (paired === null) {
    return (
      <ChartFrame title={title} request={request} hasImage={false}>
        <EmptyState title="No decision was answered by both">
          Predictions of two arms of a binary model are paired by their <code>decision_id</code>.
        </EmptyState>
      </ChartFrame>
    );
  }
  const rows = (left: boolean, right: boolean): number => cellRows(paired, left, right);
  return (
    <ChartFrame
      title={title}
      note={`To act is to reach the threshold ${numberWords(paired.threshold)}.`}
      request={request}
      method={{ words: 'Predictions of both arms that share a decision id. A side acts when its score is at or above the threshold of the spec.', rows: paired.decisions }}
      numbers={() => ({
        columns: [names.left, names.right, 'Decisions'],
        rows: [true, false].flatMap((left) => [true, false].map((right) => [left ? 'acts' : 'lets pass', right ? 'acts' : 'lets pass', rows(left, right)])),
      })}
      hasImage={false}
    >
      {pairedWords(paired, names.left, names.right).map((words, index) => (
        <p key={words} className={index === 0 ? styles.headline : styles.words}>
          {words}
        </p>
      ))}
      <div className={styles.box} tabIndex={0} role="region" aria-label="Decisions of both sides">
        <table className={styles.table}>
          <thead>
            <tr>
              <td />
              <th scope="col">{names.right} acts</th>
              <th scope="col">{names.right} lets pass</th>
            </tr>
          </thead>
          <tbody>
            {[true, false].map((left) => (
              <tr key={String(left)}>
                <th scope="row">
                  {names.left} {left ? 'acts' : 'lets pass'}
                </th>
                {[true, false].map((right) => (
                  <td key={String(right)} className={left === right ? styles.same : styles.other}>
                    <strong>{countWords(rows(left, right))}</strong>
                    <span>
                      {shareWords(rows(left, right) / (paired.decisions || 1))} {left === right ? 'the same' : right ? `only ${names.right}` : `only ${names.left}`}
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </ChartFrame>
  );
}
