// One finding in full: the value on its scale, the figures it rests on, how it was computed, its history, and where to go.
import { useSeries } from '../api/queries';
import type { Finding } from '../api/types';
import { Method } from '../charts/Method';
import { ButtonLink } from '../design/Button';
import { Facts } from '../design/Facts';
import { Loaded, Skeleton } from '../design/States';
import { VerdictBadge } from '../design/Verdict';
import { keepScope } from '../scope/keep';
import type { Search } from '../scope/search';
import { useZone } from '../scope/zone';
import { ARROW_WORDS, arrowPath } from '../words/arrows';
import { limitWords, valueWords } from '../words/monitors';
import { countWords } from '../words/numbers';
import { windowWords } from '../words/times';
import { VERDICTS } from '../words/verdicts';
import styles from './FindingDetail.module.css';
import { Scale } from './Scale';
import { sameSeries, SeriesChart } from './SeriesChart';

const PAGES = {
  features: '/models/$model/features',
  inference: '/models/$model/inference',
  decision: '/models/$model/decision',
  feedback: '/models/$model/feedback',
} as const;

export function FindingDetail({ model, finding }: { model: string; finding: Finding }) {
  const zone = useZone();
  const { arrow, monitor, subject, slice, window, arm } = finding;
  const isFeature = arrow === 'features';
  const inWindow = (before: Search): Search => ({ ...keepScope(before), from: window.start, to: window.end });
  return (
    <div className={styles.detail}>
      <div className={styles.head}>
        <VerdictBadge verdict={finding.verdict} />
        <p className={styles.meaning}>{VERDICTS[finding.verdict].meaning}</p>
        <p className={styles.place}>
          {arrowPath(arrow)} · {windowWords(window.start, window.end, zone)} · {arm}
        </p>
      </div>
      <Scale finding={finding} />
      <Facts
        facts={[
          { name: 'Value', value: finding.value === null ? VERDICTS[finding.verdict].name : <strong>{valueWords(monitor, finding.value)}</strong> },
          ...(finding.interval === null
            ? []
            : [{ name: 'Interval, 99.9 %', value: finding.interval.map((end) => valueWords(monitor, end)).join(' to ') }]),
          { name: 'Limit', value: limitWords(monitor, finding.limit) },
          ...(finding.noise_floor === null ? [] : [{ name: 'By chance', value: `up to ${valueWords(monitor, finding.noise_floor)}` }]),
          ...(finding.reference_value === null ? [] : [{ name: 'Reference', value: valueWords(monitor, finding.reference_value) }]),
          { name: 'Rows', value: countWords(finding.rows) },
          ...(finding.reference_rows > 0 ? [{ name: 'Reference rows', value: countWords(finding.reference_rows) }] : []),
        ]}
      />
      {finding.evidence !== '' && (
        <section>
          <h3>Evidence</h3>
          <p className={styles.evidence}>{finding.evidence}</p>
        </section>
      )}
      <History model={model} finding={finding} />
      {finding.convention !== '' && (
        <section>
          <h3>How this was computed</h3>
          <Method conventions={[finding.convention]} hasNoiseFloor={finding.noise_floor !== null} />
        </section>
      )}
      <nav className={styles.links} aria-label="From this finding">
        {isFeature ? (
          <ButtonLink to="/models/$model/features/$feature" params={{ model, feature: subject }} search={keepScope}>
            Feature {subject}
          </ButtonLink>
        ) : (
          <ButtonLink to={PAGES[arrow]} params={{ model }} search={keepScope}>
            {ARROW_WORDS[arrow].name}
          </ButtonLink>
        )}
        <ButtonLink
          to="/models/$model/events"
          params={{ model }}
          search={(before: Search) => ({ ...inWindow(before), ...(slice && { slice_name: slice.name, slice_value: slice.value }) })}
        >
          Events of this period
        </ButtonLink>
        <ButtonLink to="/models/$model" params={{ model }} search={inWindow}>
          Zoom to this period
        </ButtonLink>
      </nav>
    </div>
  );
}

/** The same subject over the whole range, with this period tinted; a click on another period goes to its finding. */
function History({ model, finding }: { model: string; finding: Finding }) {
  const { arrow, monitor, subject, arm } = finding;
  const query = useSeries(model, { arrow, monitor, subject, ...(finding.slice && { slices: true }) }, { arm });
  return (
    <Loaded query={query} skeleton={<Skeleton height={200} />}>
      {({ periods, series }) => {
        const own = series.find((each) => sameSeries(each, [{ ...each, subject, monitor, slice: finding.slice }]) !== undefined);
        return own === undefined ? null : (
          <SeriesChart
            series={own}
            periods={periods}
            request={query.request}
            title="Over the range"
            height={150}
            shaded={[{ ...finding.window, name: 'This period' }]}
            look="bare"
          />
        );
      }}
    </Loaded>
  );
}
