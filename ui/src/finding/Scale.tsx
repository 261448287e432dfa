// A finding's value on a line: where the limit allows it to be, its interval, the reference, and what chance would give.
import type { Finding } from '../api/types';
import { toneOf } from '../design/Verdict';
import { limitWords, valueWords } from '../words/monitors';
import styles from './Scale.module.css';

interface Span {
  low: number;
  high: number;
}

export function Scale({ finding }: { finding: Finding }) {
  const { value, interval, limit, reference_value: reference, noise_floor: floor, monitor } = finding;
  if (value === null || limit === null) return null;
  const allowed = allowedOf(limit);
  const shown = spanOf([value, ...(interval ?? []), allowed.low, allowed.high, reference, floor].filter((each) => each !== null && Number.isFinite(each)) as number[]);
  const at = (number: number): number => Math.max(0, Math.min(1, (number - shown.low) / (shown.high - shown.low))) * 100;
  const left = Number.isFinite(allowed.low) ? at(allowed.low) : 0;
  const right = Number.isFinite(allowed.high) ? at(allowed.high) : 100;
  const words = [`${valueWords(monitor, value)}, limit ${limitWords(monitor, limit)}`, reference === null ? null : `reference ${valueWords(monitor, reference)}`];
  return (
    <div className={styles.scale} role="img" aria-label={words.filter(Boolean).join(', ')}>
      <div className={styles.line}>
        <span className={styles.allowed} style={{ left: `${left}%`, width: `${right - left}%` }} />
        {[allowed.low, allowed.high].filter(Number.isFinite).map((end) => (
          <span key={end} className={styles.limit} style={{ left: `${at(end)}%` }} />
        ))}
        {interval !== null && <span className={styles.interval} style={{ left: `${at(interval[0])}%`, width: `${at(interval[1]) - at(interval[0])}%` }} />}
        {floor !== null && <Tick at={at(floor)} name="by chance" />}
        {reference !== null && <Tick at={at(reference)} name="reference" />}
        <span className={styles.value} style={{ left: `${at(value)}%`, background: `var(--${toneOf(finding.verdict)})` }} />
      </div>
      <div className={styles.ends}>
        <span>{valueWords(monitor, shown.low)}</span>
        <span className={styles.key}>allowed</span>
        <span>{valueWords(monitor, shown.high)}</span>
      </div>
    </div>
  );
}

function Tick({ at, name }: { at: number; name: string }) {
  return (
    <span className={styles.tick} style={{ left: `${at}%` }} data-side={at > 75 ? 'left' : 'right'}>
      <i>{name}</i>
    </span>
  );
}

function allowedOf(limit: NonNullable<Finding['limit']>): Span {
  if ('at_least' in limit) return { low: limit.at_least, high: Infinity };
  if ('at_most' in limit) return { low: -Infinity, high: limit.at_most };
  return { low: limit.within[0], high: limit.within[1] };
}

/** A little more than the figures cover; from zero where that is near, since most of them are shares and distances. */
function spanOf(numbers: readonly number[]): Span {
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  const isNearZero = low >= 0 && low - room < (high - low) * 0.4;
  return { low: isNearZero ? 0 : low - room, high: high + room };
}
