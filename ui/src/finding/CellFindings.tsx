// All findings of one arrow in one period, those that need a person first.
import type { Finding } from '../api/types';
import { VerdictBadge, VerdictMark } from '../design/Verdict';
import { useZone } from '../scope/zone';
import { arrowPath } from '../words/arrows';
import { findingHeading, valueWords } from '../words/monitors';
import { countWords, plural } from '../words/numbers';
import { windowWords } from '../words/times';
import { verdictName, verdictRank, worst } from '../words/verdicts';
import { type ShownCell, useShownFinding } from './address';
import styles from './CellFindings.module.css';

export function CellFindings({ shown, findings, total }: { shown: ShownCell; findings: readonly Finding[]; total: number }) {
  const zone = useZone();
  const { showFinding } = useShownFinding();
  const sorted = findings.toSorted(
    (left, right) => verdictRank(left.verdict) - verdictRank(right.verdict) || Number(left.slice !== null) - Number(right.slice !== null),
  );
  return (
    <div className={styles.cell}>
      <div className={styles.head}>
        <VerdictBadge verdict={worst(findings.map((finding) => finding.verdict))} />
        <p>
          {arrowPath(shown.arrow)} · {windowWords(shown.start, shown.end, zone)} · {shown.arm}
        </p>
      </div>
      <ul className={styles.list}>
        {sorted.map((finding) => (
          <li key={`${finding.monitor} ${finding.subject} ${finding.slice?.name} ${finding.slice?.value} ${finding.window.start}`}>
            <button type="button" className={styles.finding} onClick={() => showFinding(finding)}>
              <VerdictMark verdict={finding.verdict} label={verdictName(finding.verdict)} />
              <span className={styles.name}>{findingHeading(finding)}</span>
              <span className={styles.value}>{finding.value === null ? verdictName(finding.verdict).toLowerCase() : valueWords(finding.monitor, finding.value)}</span>
              <span className={styles.rows}>{countWords(finding.rows)} rows</span>
            </button>
          </li>
        ))}
      </ul>
      {findings.length === 0 && <p>Nothing was judged in this period.</p>}
      {total > findings.length && <p className={styles.more}>{plural(total - findings.length, 'more finding')} of this period are not listed.</p>}
    </div>
  );
}
