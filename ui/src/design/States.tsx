// What stands where there is nothing to show: loading, error, empty; and the one switch between them and an answer.
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/client';
import type { Verdict } from '../api/types';
import { VERDICTS } from '../words/verdicts';
import { Button } from './Button';
import { Icon } from './Icon';
import styles from './States.module.css';
import { VerdictMark } from './Verdict';

/** Keeps the place of what is loading, so that nothing jumps. */
export function Skeleton({ height = 16, width = '100%' }: { height?: number; width?: number | string }) {
  return <div className={styles.skeleton} style={{ height, width }} aria-hidden="true" />;
}

/** `lines` rows of text that are loading. */
export function SkeletonLines({ lines = 3 }: { lines?: number }) {
  return (
    <div className={styles.lines}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} width={`${92 - ((line * 17) % 40)}%`} />
      ))}
    </div>
  );
}

/** Nothing is wrong, and nothing is there: says why, and what to do. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.words}>{children}</div>}
      {action}
    </div>
  );
}

/** A verdict that is an answer and no figure: not observed, labels pending, too few rows, no data. */
export function VerdictState({ verdict, children }: { verdict: Verdict; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <VerdictMark verdict={verdict} size={18} />
      <p className={styles.title}>{VERDICTS[verdict].name}</p>
      <div className={styles.words}>{children ?? VERDICTS[verdict].meaning}</div>
    </div>
  );
}

export function ErrorState({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div className={styles.state} role="alert">
      <span className={styles.warning}>
        <Icon name="warning" size={18} />
      </span>
      <p className={styles.title}>{problem?.title ?? 'This could not be shown'}</p>
      <div className={styles.words}>
        <p>{problem?.detail ?? error.message}</p>
        {problem !== null && problem.errors.length > 0 && (
          <ul>
            {problem.errors.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        )}
      </div>
      {retry !== undefined && <Button onPress={retry}>Try again</Button>}
    </div>
  );
}

interface LoadedProps<Answer> {
  query: { data: Answer | undefined; error: Error | null; refetch: () => Promise<unknown> };
  /** What keeps the place while the first answer is on its way. */
  skeleton: ReactNode;
  children: (answer: Answer) => ReactNode;
  isEmpty?: (answer: Answer) => boolean;
  empty?: ReactNode;
}

/** Shows an answer, or the state it is in. An answer that could not be refreshed stays, with a word about it. */
export function Loaded<Answer>({ query, skeleton, children, isEmpty, empty }: LoadedProps<Answer>) {
  const { data, error, refetch } = query;
  if (data === undefined) {
    if (error === null) {
      return (
        <div aria-busy="true">
          <span className="unseen">Loading</span>
          {skeleton}
        </div>
      );
    }
    return <ErrorState error={error} retry={() => void refetch()} />;
  }
  return (
    <>
      {error !== null && (
        <p className={styles.stale} role="status">
          <Icon name="warning" size={14} /> Not refreshed: {error.message}
        </p>
      )}
      {isEmpty?.(data) ? (empty ?? <EmptyState title="Nothing here" />) : children(data)}
    </>
  );
}
