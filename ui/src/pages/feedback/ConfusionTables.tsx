// What was right and wrong at each threshold of the spec, as tables.
import type { Request } from '../../api/queries';
import type { Performance } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import styles from './ConfusionTables.module.css';

type Found = Performance['confusion'][number];

export function ConfusionTables({ performance, request }: { performance: Performance; request: Request }) {
  const { confusion, feedback } = performance;
  return (
    <ChartFrame
      title="Confusion matrix"
      note="Labelled predictions by what was said and what was true, at the thresholds of the spec."
      request={request}
      method={{ words: 'Scores at or above the threshold are taken for positive. Shares are of all with the same label.', rows: performance.labelled.reduce((sum, rows) => sum + rows, 0) }}
      numbers={() => ({
        columns: ['Threshold', 'True positives', 'False positives', 'True negatives', 'False negatives'],
        rows: confusion.map((found) => [found.threshold, found.true_positives, found.false_positives, found.true_negatives, found.false_negatives]),
      })}
      hasImage={false}
    >
      <div className={styles.tables}>
        {confusion.map((found) => (
          <ConfusionTable key={found.threshold} found={found} label={feedback?.label ?? 'label'} />
        ))}
      </div>
    </ChartFrame>
  );
}

function ConfusionTable({ found, label }: { found: Found; label: string }) {
  const { true_positives: hit, false_negatives: missed, false_positives: alarm, true_negatives: quiet } = found;
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label={`Confusion at threshold ${numberWords(found.threshold)}`}>
      <table className={styles.table}>
        <caption className={styles.caption}>At threshold {numberWords(found.threshold)}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">Said yes</th>
            <th scope="col">Said no</th>
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <code>{label}</code> true
            </th>
            <Cell rows={hit} of={hit + missed} words="found" isRight />
            <Cell rows={missed} of={hit + missed} words="missed" />
            <td className={styles.sum}>{countWords(hit + missed)}</td>
          </tr>
          <tr>
            <th scope="row">
              <code>{label}</code> false
            </th>
            <Cell rows={alarm} of={alarm + quiet} words="false alarm" />
            <Cell rows={quiet} of={alarm + quiet} words="rightly quiet" isRight />
            <td className={styles.sum}>{countWords(alarm + quiet)}</td>
          </tr>
          <tr>
            <th scope="row">All</th>
            <td className={styles.sum}>{countWords(hit + alarm)}</td>
            <td className={styles.sum}>{countWords(missed + quiet)}</td>
            <td className={styles.sum}>{countWords(hit + missed + alarm + quiet)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Cell({ rows, of, words, isRight = false }: { rows: number; of: number; words: string; isRight?: boolean }) {
  return (
    <td className={isRight ? styles.right : styles.wrong}>
      <strong>{countWords(rows)}</strong>
      <span>
        {of === 0 ? '–' : shareWords(rows / of)} {words}
      </span>
    </td>
  );
}
