// The series that tell most of each arrow, arrow by arrow, on the same axis of time.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Answered, useSeries } from '../../api/queries';
import type { Arrow, Features, Monitor, Series, SeriesAnswer, Windows } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { TimeSeries } from '../../charts/TimeSeries';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { useShownFinding } from '../../finding/address';
import { sameSeries, SeriesChart } from '../../finding/SeriesChart';
import { keepScope } from '../../scope/keep';
import { useScope } from '../../scope/scope';
import { ARROW_WORDS, arrowPath } from '../../words/arrows';
import { capital, findingTitle } from '../../words/monitors';
import { listWords } from '../../words/numbers';
import { verdictRank, worst } from '../../words/verdicts';
import styles from './KeySeries.module.css';
import type { ArrowQueries } from './lead';

interface KeySeriesProps {
  model: string;
  windows: Windows | undefined;
  queries: ArrowQueries;
}

/** Monitors that are shown here, in this order; the arrow's own page has the rest. */
const SHOWN: Readonly<Record<Exclude<Arrow, 'features'>, readonly Monitor[]>> = {
  inference: ['latency', 'errors', 'invalid_input'],
  decision: ['decision_rate', 'score_drift', 'fallback', 'override'],
  feedback: ['quality', 'label_share'],
};
const CHARTS_SHOWN = 6;

export function KeySeries({ model, windows, queries }: KeySeriesProps) {
  return (
    <>
      <ArrowSection arrow="features" model={model}>
        <Loaded query={queries.features} skeleton={<Skeleton height={250} />} isEmpty={(answer) => answer.features.length === 0} empty={<EmptyState title="The spec declares no feature" />}>
          {(answer) => <FeatureDrifts answer={answer} query={queries.features} />}
        </Loaded>
      </ArrowSection>
      {(['inference', 'decision', 'feedback'] as const).map((arrow) => (
        <ArrowSection key={arrow} arrow={arrow} model={model}>
          <ArrowSeries arrow={arrow} model={model} query={queries[arrow]} windows={windows} />
        </ArrowSection>
      ))}
    </>
  );
}

const PAGES = {
  features: '/models/$model/features',
  inference: '/models/$model/inference',
  decision: '/models/$model/decision',
  feedback: '/models/$model/feedback',
} as const;

function ArrowSection({ arrow, model, children }: { arrow: Arrow; model: string; children: ReactNode }) {
  const { number, name } = ARROW_WORDS[arrow];
  return (
    <section className={styles.section} aria-label={name}>
      <header className={styles.header}>
        <p>
          <strong>
            {number} {name}
          </strong>{' '}
          <span className={styles.path}>{arrowPath(arrow)}</span>
        </p>
        <Link to={PAGES[arrow]} params={{ model }} search={keepScope}>
          All of {name.toLowerCase()}
        </Link>
      </header>
      {children}
    </section>
  );
}

function FeatureDrifts({ answer, query }: { answer: Features; query: Answered<Features> }) {
  const { show } = useShownFinding();
  const { periods, features } = answer;
  const limit = features.find((row) => row.drift_limit !== null)?.drift_limit ?? null;
  const open = (index: number): void => {
    const period = periods[index];
    const row = features.toSorted((left, right) => (right.drifts[index] ?? -1) - (left.drifts[index] ?? -1))[0];
    if (period === undefined || row === undefined) return;
    show({ arm: answer.scope.arm, arrow: 'features', monitor: 'drift', subject: row.feature, slice: null, start: period.start, end: period.end });
  };
  return (
    <ChartFrame
      title="Drift of the features that need attention most"
      note="Distance from the reference. Alone no reason to wake anybody: drift matters where a promise broke with it."
      request={query.request}
      method={{ conventions: features.map((row) => row.drift_convention), rows: features[0]?.rows ?? null }}
      numbers={() => ({
        columns: ['Period', ...features.map((row) => row.feature)],
        rows: periods.map((period, index) => [period.label, ...features.map((row) => row.drifts[index] ?? null)]),
      })}
    >
      <TimeSeries
        label="Drift of features"
        periods={periods}
        lines={features.map((row) => ({ name: row.feature, values: row.drifts }))}
        limit={limit === null ? null : { at_most: limit }}
        onOpen={open}
        height={190}
        startsAtZero
      />
    </ChartFrame>
  );
}

interface ArrowSeriesProps {
  arrow: Exclude<Arrow, 'features'>;
  model: string;
  query: Answered<SeriesAnswer>;
  windows: Windows | undefined;
}

function ArrowSeries({ arrow, model, query, windows }: ArrowSeriesProps) {
  const { compare } = useScope();
  const before = useSeries(model, { arrow }, { range: 'previous', enabled: compare === 'previous' });
  const shaded = windows?.reference == null ? [] : [{ ...windows.reference, name: 'Reference period' }];
  return (
    <Loaded query={query} skeleton={<Skeleton height={230} />}>
      {({ periods, series }) => {
        const { measured, unmeasured } = choose(series, SHOWN[arrow]);
        return (
          <>
            {measured.length > 0 && (
              <div className={styles.charts}>
                {measured.map((each) => (
                  <SeriesChart
                    key={`${each.monitor} ${each.subject}`}
                    series={each}
                    periods={periods}
                    previous={compare === 'previous' ? sameSeries(each, before.data?.series) : undefined}
                    request={query.request}
                    markers={windows?.markers ?? []}
                    shaded={shaded}
                  />
                ))}
              </div>
            )}
            {unmeasured.length > 0 && (
              <p className={styles.unmeasured}>Not observed: {listWords(unmeasured.map((each) => findingTitle(each)))}. The events do not carry {unmeasured.length === 1 ? 'it' : 'them'}.</p>
            )}
            {series.length === 0 && <EmptyState title={`${capital(ARROW_WORDS[arrow].name)} has no series in this range`} />}
          </>
        );
      }}
    </Loaded>
  );
}

/** What needs a person first, then in the order of the monitors; what was never measured apart. */
function choose(series: readonly Series[], monitors: readonly Monitor[]): { measured: Series[]; unmeasured: Series[] } {
  const whole = series.filter((each) => each.slice === null && monitors.includes(each.monitor));
  const isMeasured = (each: Series): boolean => each.values.some((value) => value !== null);
  const sorted = whole.filter(isMeasured).toSorted((left, right) => {
    const bySeverity = verdictRank(worst(left.verdicts)) - verdictRank(worst(right.verdicts));
    return bySeverity || monitors.indexOf(left.monitor) - monitors.indexOf(right.monitor);
  });
  return { measured: sorted.slice(0, CHARTS_SHOWN), unmeasured: whole.filter((each) => !isMeasured(each)) };
}
