// The page of one feature: its values against the reference's, over time and by slice, and what the monitors say.
import { Link, useParams } from '@tanstack/react-router';
import { type Answered, useFeature } from '../../api/queries';
import type { FeatureDetail } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { ButtonLink } from '../../design/Button';
import { Page } from '../../design/Page';
import { Panel } from '../../design/Panel';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { VerdictBadge } from '../../design/Verdict';
import { sameSeries, SeriesChart } from '../../finding/SeriesChart';
import { seriesNumbers, SeriesTable } from '../../finding/SeriesTable';
import { keepScope } from '../../scope/keep';
import { useScope } from '../../scope/scope';
import type { Search } from '../../scope/search';
import { MONITOR_NAMES } from '../../words/monitors';
import { shortPeriodWords } from '../../words/times';
import { Completeness } from './Completeness';
import { Declared } from './Declared';
import { Distribution, useShownPeriod } from './Distribution';
import styles from './FeaturePage.module.css';
import { FeatureFindings } from './FeatureFindings';
import { FeatureSlices } from './FeatureSlices';
import { brokenSince } from './figures';
import { ValuesOverTime } from './ValuesOverTime';

export function FeaturePage() {
  const { model, feature } = useParams({ strict: false }) as { model: string; feature: string };
  const { compare } = useScope();
  const query = useFeature(model, feature);
  const previous = useFeature(model, feature, { range: 'previous', enabled: compare === 'previous' });
  const detail = query.data;
  const [chosen] = useShownPeriod();
  const period = detail?.periods.find((each) => each.start === chosen);
  return (
    <Page
      title={feature}
      model={model}
      heading={<Heading feature={feature} detail={detail} />}
      about={
        <span className={styles.about}>
          <Link to="/models/$model/features" params={{ model }} search={keepScope}>
            All features
          </Link>
          {detail !== undefined && <Declared feature={detail.feature} />}
        </span>
      }
      actions={
        <ButtonLink
          to="/models/$model/events"
          params={{ model }}
          search={(before: Search) => ({ ...keepScope(before), ...(period && { from: period.start, to: period.end }) })}
        >
          {period === undefined ? 'Events' : `Events of ${shortPeriodWords(period)}`}
        </ButtonLink>
      }
    >
      <Loaded query={query} skeleton={<FeatureSkeleton />}>
        {(loaded) => <Content model={model} query={query} detail={loaded} previous={compare === 'previous' ? previous.data : undefined} />}
      </Loaded>
    </Page>
  );
}

function Heading({ feature, detail }: { feature: string; detail: FeatureDetail | undefined }) {
  const since = detail?.verdict === 'broken' ? brokenSince(detail.series, detail.periods) : null;
  return (
    <span className={styles.heading}>
      <bdi>{feature}</bdi>
      {detail !== undefined && (
        <span className={styles.verdict}>
          <VerdictBadge verdict={detail.verdict} {...(since === null ? {} : { words: `Broken since ${shortPeriodWords(since)}` })} />
        </span>
      )}
    </span>
  );
}

interface ContentProps {
  model: string;
  query: Answered<FeatureDetail>;
  detail: FeatureDetail;
  previous: FeatureDetail | undefined;
}

function Content({ model, query, detail, previous }: ContentProps) {
  const { periods, series } = detail;
  const name = detail.feature.name;
  const drift = series.find((each) => each.monitor === 'drift');
  if (detail.windows.every((window) => window === null)) {
    return (
      <Panel>
        <EmptyState title="No prediction in this range">No request of this arm was looked at in the chosen time.</EmptyState>
      </Panel>
    );
  }
  return (
    <>
      <Distribution detail={detail} previous={previous} request={query.request} />
      <div className={styles.charts}>
        <ValuesOverTime detail={detail} previous={previous} request={query.request} />
        {drift !== undefined && (
          <SeriesChart
            series={drift}
            periods={periods}
            previous={sameSeries(drift, previous?.series)}
            request={query.request}
            title="Distance from the reference"
            height={200}
          />
        )}
        <Completeness detail={detail} request={query.request} />
        <FeatureSlices model={model} feature={detail.feature} />
      </div>
      {series.length > 0 && (
        <ChartFrame
          title="Monitors"
          note="What is judged of this feature, period by period"
          request={query.request}
          method={{ conventions: series.map((each) => each.convention), hasNoiseFloor: true, rows: detail.current.rows }}
          numbers={() => seriesNumbers(series, periods, (each) => MONITOR_NAMES[each.monitor])}
          hasImage={false}
          isFlush
        >
          <SeriesTable label={`Monitors of ${name}`} header="Monitor" series={series} periods={periods} name={(each) => MONITOR_NAMES[each.monitor]} />
        </ChartFrame>
      )}
      <FeatureFindings model={model} feature={name} />
    </>
  );
}

function FeatureSkeleton() {
  return (
    <>
      <Panel>
        <Skeleton height={300} />
      </Panel>
      <div className={styles.charts}>
        {[0, 1, 2, 3].map((panel) => (
          <Panel key={panel}>
            <Skeleton height={230} />
          </Panel>
        ))}
      </div>
    </>
  );
}
