// What broke, since when, why, how many decisions it touched, what held, and what the other arm's model did.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ArmDiagnosis, Diagnoses, Finding, Onset, Windows } from '../../api/types';
import { Panel } from '../../design/Panel';
import { VerdictMark } from '../../design/Verdict';
import { useShownFinding } from '../../finding/address';
import { keepScope } from '../../scope/keep';
import { useZone } from '../../scope/zone';
import { findingWords } from '../../words/monitors';
import { countWords, listWords, plural, shareWords } from '../../words/numbers';
import { dateWords, periodWords } from '../../words/times';
import styles from './Diagnosis.module.css';
import {
  causeWords,
  greenWords,
  harmlessWords,
  infrastructureWords,
  onsetWords,
  otherArmWords,
  outputWords,
  sharesWords,
  touchedWords,
} from './sentences';

interface DiagnosisProps {
  model: string;
  answer: Diagnoses;
  arm: string;
  windows: Windows | undefined;
}

/** More findings than these are one click away. */
const FINDINGS_SHOWN = 4;

export function Diagnosis({ model, answer, arm, windows }: DiagnosisProps) {
  const own = answer.arms.find((each) => each.arm === arm);
  if (own === undefined) return null;
  const { by } = answer.scope;
  const others = answer.arms.filter((each) => each.arm !== arm);
  const hasBroken = own.onsets.length > 0;
  const touched = touchedWords(own.decisions_touched, by);
  const green = greenWords(own.still_green, by);
  const harmless = harmlessWords(own.harmless_drift);
  return (
    <Panel title="Diagnosis" {...(hasBroken ? {} : { note: 'No promise of the spec broke in any period of this range.' })}>
      <dl className={styles.rows}>
        {own.onsets.length > 0 && (
          <Row name="What broke">
            {own.onsets.map((onset, position) => (
              <div key={onset.arrow} className={styles.onset}>
                <p>{onsetWords(onset, position, by)}</p>
                <OnsetFindings onset={onset} arm={arm} />
              </div>
            ))}
          </Row>
        )}
        {hasBroken && (
          <Row name="Why">
            <Causes model={model} own={own} windows={windows} />
          </Row>
        )}
        {touched !== null && <Row name="Decisions touched">{touched}</Row>}
        {green !== null && (
          <Row name="Still green">
            <span className={styles.marked}>
              <VerdictMark verdict="healthy" /> {green}
            </span>
          </Row>
        )}
        {harmless !== null && <Row name="Drifted, no harm">{harmless}</Row>}
        {hasBroken && <Row name="Infrastructure">{infrastructureWords(own.infrastructure)}</Row>}
        {others.map((other) => (
          <Row key={other.arm} name={`Arm ${other.arm}`}>
            <span className={styles.marked}>
              <VerdictMark verdict={other.onsets.length > 0 ? 'broken' : 'healthy'} />
              <span>
                {armName(other, windows)} {otherArmWords(other, own)}
              </span>
              <Link to="/models/$model/compare" params={{ model }} search={keepScope}>
                Compare {listWords([arm, other.arm])}
              </Link>
            </span>
          </Row>
        ))}
      </dl>
    </Panel>
  );
}

function armName(other: ArmDiagnosis, windows: Windows | undefined): string {
  const versions = windows?.arms.find((each) => each.arm === other.arm)?.versions ?? [];
  const name = other.is_live ? 'The live model' : `The ${other.arm} model`;
  return versions.length === 1 ? `${name} (${versions[0]})` : name;
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.row}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function OnsetFindings({ onset, arm }: { onset: Onset; arm: string }) {
  const { show, showFinding } = useShownFinding();
  const whole = onset.findings.toSorted((left, right) => Number(left.slice !== null) - Number(right.slice !== null));
  const more = whole.length - FINDINGS_SHOWN;
  return (
    <ul className={styles.findings}>
      {whole.slice(0, FINDINGS_SHOWN).map((finding) => (
        <li key={`${finding.monitor} ${finding.subject} ${finding.slice?.value ?? ''}`}>
          <FindingButton finding={finding} onPress={() => showFinding(finding)} />
        </li>
      ))}
      {more > 0 && (
        <li>
          <button
            type="button"
            className={styles.more}
            onClick={() => show({ arm, arrow: onset.arrow, start: onset.since.start, end: onset.since.end, monitor: null })}
          >
            and {plural(more, 'more finding')}
          </button>
        </li>
      )}
    </ul>
  );
}

function FindingButton({ finding, onPress }: { finding: Finding; onPress: () => void }) {
  return (
    <button type="button" className={styles.finding} onClick={onPress}>
      <VerdictMark verdict={finding.verdict} />
      <span>{findingWords(finding)}</span>
      <span className={styles.sample}>{countWords(finding.rows)} rows</span>
    </button>
  );
}

function Causes({ model, own, windows }: { model: string; own: ArmDiagnosis; windows: Windows | undefined }) {
  const zone = useZone();
  const sinceWords = (start: string): string => {
    const period = windows?.periods.find((each) => each.start === start);
    return period === undefined ? dateWords(start, zone) : periodWords(period);
  };
  const note = sharesWords(own.causes);
  return (
    <>
      {own.mean_output !== null && <p>{outputWords(own.mean_output)}</p>}
      {own.causes.length === 0 ? (
        <p>No feature that moved explains a tenth of it or more.</p>
      ) : (
        <>
          <p>So much of that move goes with the shift of one feature alone:</p>
          <ul className={styles.causes}>
            {own.causes.map((cause) => (
              <li key={cause.subject} className={styles.cause}>
                <Link to="/models/$model/features/$feature" params={{ model, feature: cause.subject }} search={keepScope}>
                  {cause.subject}
                </Link>
                <span className={styles.bar} aria-hidden="true">
                  <i style={{ width: `${Math.min(1, Math.max(0, cause.share ?? 0)) * 100}%` }} />
                </span>
                <strong>{cause.share === null ? 'share unknown' : shareWords(cause.share)}</strong>
                <span className={styles.detail}>{causeWords(cause, sinceWords(cause.since.start))}</span>
              </li>
            ))}
          </ul>
          {note !== null && <p className={styles.note}>{note}</p>}
        </>
      )}
    </>
  );
}
