// One model: its four arrows as a picture, what broke first and why, and all of it on one axis of time.
import { useParams } from '@tanstack/react-router';
import { useDiagnosis, useFeatures, useSeries, useWindows } from '../../api/queries';
import type { ArmDiagnosis, Windows } from '../../api/types';
import { Page } from '../../design/Page';
import { EmptyState, ErrorState, Loaded, Skeleton } from '../../design/States';
import { VerdictBadge } from '../../design/Verdict';
import { countWords, plural, shareWords } from '../../words/numbers';
import { worst } from '../../words/verdicts';
import { ArrowPicture } from './ArrowPicture';
import { Diagnosis } from './Diagnosis';
import { KeySeries } from './KeySeries';
import styles from './ModelPage.module.css';
import { headline } from './sentences';
import { Timeline } from './Timeline';

/** As many as a chart and a card can show. */
const FEATURES_SHOWN = 4;

export function ModelPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const windows = useWindows(model);
  const diagnoses = useDiagnosis(model);
  const features = useFeatures(model, { sort: 'attention', limit: FEATURES_SHOWN });
  const inference = useSeries(model, { arrow: 'inference' });
  const decision = useSeries(model, { arrow: 'decision' });
  const feedback = useSeries(model, { arrow: 'feedback' });
  const queries = { features, inference, decision, feedback };

  if (windows.data === undefined && windows.error !== null) {
    return (
      <Page title={model}>
        <ErrorState error={windows.error} retry={() => void windows.refetch()} />
      </Page>
    );
  }
  const arm = windows.data?.arms.find((each) => each.arm === windows.data?.scope.arm) ?? windows.data?.arms[0];
  const diagnosis = diagnoses.data?.arms.find((each) => each.arm === arm?.arm);
  const hasNothing = windows.data !== undefined && (arm === undefined || windows.data.scope.known === null);
  return (
    <Page title={model} about={windows.data && arm && <About arm={arm} diagnosis={diagnosis} />}>
      {hasNothing ? (
        <EmptyState title="No event of this model has arrived yet">
          <p>Send predictions and feedback to the server; the first verdicts stand here a minute later.</p>
        </EmptyState>
      ) : (
        <>
          <Loaded query={windows} skeleton={<Skeleton height={236} />}>
            {(answer) => <ArrowPicture model={model} windows={answer} diagnosis={diagnosis} queries={queries} />}
          </Loaded>
          <Loaded query={diagnoses} skeleton={<Skeleton height={260} />}>
            {(answer) => (arm === undefined ? null : <Diagnosis model={model} answer={answer} arm={arm.arm} windows={windows.data} />)}
          </Loaded>
          <Loaded query={windows} skeleton={<Skeleton height={320} />}>
            {(answer) => (arm === undefined ? null : <Timeline answer={answer} arm={arm} request={windows.request} />)}
          </Loaded>
          <KeySeries model={model} windows={windows.data} queries={queries} />
        </>
      )}
    </Page>
  );
}

function About({ arm, diagnosis }: { arm: Windows['arms'][number]; diagnosis: ArmDiagnosis | undefined }) {
  const rows = arm.rows.reduce((sum, count) => sum + count, 0);
  const labelled = arm.labelled.reduce((sum, count) => sum + count, 0);
  const broken = arm.arrows.filter((each) => each.verdict === 'broken').map((each) => each.arrow);
  return (
    <span className={styles.about}>
      {diagnosis !== undefined && (
        <span aria-live="polite" className={styles.headline}>
          <VerdictBadge
            verdict={diagnosis.onsets.length > 0 ? 'broken' : worst(arm.arrows.map((each) => each.verdict))}
            words={headline(diagnosis, broken)}
            look="bare"
          />
        </span>
      )}
      <span className={styles.facts}>
        {[
          arm.is_live ? `${arm.arm} (live)` : arm.arm,
          arm.versions.length <= 2 ? arm.versions.join(', ') : plural(arm.versions.length, 'version'),
          `${countWords(rows)} predictions`,
          rows > 0 ? `${shareWords(labelled / rows)} with a label` : null,
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </span>
  );
}
