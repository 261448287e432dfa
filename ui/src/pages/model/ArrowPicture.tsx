// The picture of a model: Data → Features → Inference → Decision, and Feedback → Update returning, each arrow with its verdict.
import { Link } from '@tanstack/react-router';
import type { ArmDiagnosis, Arrow, Verdict, Windows } from '../../api/types';
import { classes } from '../../design/classes';
import { VerdictBadge } from '../../design/Verdict';
import { useShownFinding } from '../../finding/address';
import { keepScope } from '../../scope/keep';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { inPeriodWords } from '../../words/times';
import styles from './ArrowPicture.module.css';
import { type ArrowQueries, leadOf } from './lead';

interface ArrowPictureProps {
  model: string;
  windows: Windows;
  diagnosis: ArmDiagnosis | undefined;
  queries: ArrowQueries;
}

export function ArrowPicture(props: ArrowPictureProps) {
  return (
    <section className={styles.picture} aria-label="The four arrows">
      <Node name="Data" />
      <Card {...props} arrow="features" />
      <Node name="Features" />
      <Card {...props} arrow="inference" />
      <Node name="Inference" />
      <Card {...props} arrow="decision" />
      <Node name="Decision" />
      <div className={styles.back}>
        <span className={styles.backName}>Update</span>
        <Card {...props} arrow="feedback" />
        <span className={styles.backName}>Feedback</span>
      </div>
    </section>
  );
}

const Node = ({ name }: { name: string }) => (
  <span className={styles.node} aria-hidden="true">
    {name}
  </span>
);

const PAGES = {
  features: '/models/$model/features',
  inference: '/models/$model/inference',
  decision: '/models/$model/decision',
  feedback: '/models/$model/feedback',
} as const;

function Card({ model, windows, diagnosis, queries, arrow }: ArrowPictureProps & { arrow: Arrow }) {
  const { show } = useShownFinding();
  const words = ARROW_WORDS[arrow];
  const arm = windows.arms.find((each) => each.arm === windows.scope.arm) ?? windows.arms[0];
  const verdict: Verdict = arm?.arrows.find((each) => each.arrow === arrow)?.verdict ?? 'no_data';
  const onset = diagnosis?.onsets.find((each) => each.arrow === arrow);
  const isFirst = onset !== undefined && diagnosis?.onsets[0] === onset;
  // What the events do not carry is not told, whatever else of the arrow was counted.
  const lead = verdict === 'not_observed' ? null : leadOf(arrow, diagnosis, queries);
  return (
    <article className={classes(styles.card, styles[arrow], verdict === 'broken' && styles.broke)}>
      <header className={styles.head}>
        <h2>
          <Link to={PAGES[arrow]} params={{ model }} search={keepScope}>
            {words.number} {words.name}
          </Link>
        </h2>
        <VerdictBadge verdict={verdict} look="bare" />
      </header>
      <p className={styles.path}>{arrowPath(arrow)}</p>
      {onset !== undefined && (
        <p className={styles.onset}>
          {isFirst ? 'Broke first' : 'Broke'} {inPeriodWords(onset.since)}
          {verdict !== 'broken' && ', not now'}
        </p>
      )}
      {lead === null ? (
        <p className={styles.nothing}>{verdict === 'not_observed' ? 'The events carry nothing to judge it by.' : 'No figure in this range.'}</p>
      ) : (
        <button type="button" className={styles.lead} onClick={() => show(lead.shown)}>
          <span className={styles.leadName}>{lead.title}</span>
          <strong>{lead.value}</strong>
          <span className={styles.limit}>
            {lead.limit} · {lead.period}
          </span>
        </button>
      )}
    </article>
  );
}
