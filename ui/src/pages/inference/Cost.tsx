// What a request uses, and what a thousand of them cost by the prices of the spec.
import type { Request } from '../../api/queries';
import type { Inference } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Facts, Figures } from '../../design/Facts';
import { VerdictState } from '../../design/States';
import { byteWords, costWords, listWords, millisecondWords, numberWords, shareWords } from '../../words/numbers';
import styles from './Cost.module.css';
import { costShares } from './promises';

type RequestCost = Inference['cost'];

export function Cost({ answer, request }: { answer: Inference; request: Request }) {
  const { cost, observed } = answer;
  const parts = costShares(cost);
  const usage = usageOf(cost);
  const isKnown = cost.per_1k !== null || usage.length > 0;
  return (
    <ChartFrame
      title="Cost of requests"
      note={isKnown ? 'Means of a request, by the prices of the spec' : undefined}
      request={request}
      method={{ words: 'The mean of what requests used, of those that tell it, times the prices of the spec. What has no figure or no fitting price is in no part.' }}
      numbers={() => ({
        columns: ['What', 'Value', 'Unit'],
        rows: [
          ['all', cost.per_1k, `${cost.currency ?? ''} per 1k`],
          ...parts.map((part) => [part.name, part.per_1k, `${cost.currency ?? ''} per 1k`]),
          ...USAGE.map(({ name, of, unit }) => [name, of(cost), unit]),
        ],
      })}
      hasImage={false}
    >
      {isKnown ? (
        <div className={styles.cost}>
          <div className={styles.money}>
            {cost.per_1k !== null && (
              <Figures figures={[{ name: 'A thousand requests', value: costWords(cost.per_1k, cost.currency), note: limitWords(cost) }]} />
            )}
            {parts.length > 0 && <Parts parts={parts} currency={cost.currency} />}
            {cost.unpriced.length > 0 && (
              <p className={styles.note}>Not in it, for want of a figure or of a fitting price: {listWords(cost.unpriced)}.</p>
            )}
            {cost.per_1k === null && cost.unpriced.length === 0 && <p className={styles.note}>The spec names no price.</p>}
          </div>
          {usage.length > 0 && <Facts facts={usage} />}
        </div>
      ) : (
        <VerdictState verdict="not_observed">
          {observed.cost ? (
            'The requests of this range tell nothing of what they used.'
          ) : (
            <>
              The events do not tell what a request uses. Send <code>cost</code> with each prediction, and name <code>prices</code> in the spec.
            </>
          )}
        </VerdictState>
      )}
    </ChartFrame>
  );
}

function limitWords({ per_1k, at_most_per_1k, currency }: RequestCost): string | undefined {
  if (per_1k === null || at_most_per_1k === null) return undefined;
  const limit = `at most ${costWords(at_most_per_1k, currency)}`;
  return per_1k <= at_most_per_1k ? `${limit}, kept` : `${limit}, exceeded by ${costWords(per_1k - at_most_per_1k, currency)}`;
}

function Parts({ parts, currency }: { parts: ReturnType<typeof costShares>; currency: string | null }) {
  return (
    <ul className={styles.parts}>
      {parts.map((part) => (
        <li key={part.name}>
          <span>{part.name}</span>
          <span className={styles.track} aria-hidden="true">
            <span className={styles.bar} style={{ width: `${part.share * 100}%` }} />
          </span>
          <span className={styles.figure} title={`${shareWords(part.share)} of all`}>
            {costWords(part.per_1k, currency)}
          </span>
        </li>
      ))}
    </ul>
  );
}

const USAGE: readonly { name: string; unit: string; of: (cost: RequestCost) => number | null; write: (value: number) => string }[] = [
  { name: 'Processor', unit: 'ms', of: ({ cpu_ms }) => cpu_ms, write: millisecondWords },
  { name: 'Accelerator', unit: 'ms', of: ({ gpu_ms }) => gpu_ms, write: millisecondWords },
  { name: 'Memory', unit: 'MB', of: ({ memory_mb }) => memory_mb, write: (value) => `${numberWords(value)} MB` },
  { name: 'Bytes moved', unit: 'B', of: ({ bytes }) => bytes, write: byteWords },
  { name: 'Tokens read', unit: '', of: ({ tokens_in }) => tokens_in, write: numberWords },
  { name: 'Tokens written', unit: '', of: ({ tokens_out }) => tokens_out, write: numberWords },
];

function usageOf(cost: RequestCost) {
  return USAGE.flatMap(({ name, of, write }) => {
    const value = of(cost);
    return value === null ? [] : [{ name, value: write(value) }];
  });
}
