// The decision arrow in four figures.
import type { Decision, SeriesAnswer } from '../../api/types';
import { Figures } from '../../design/Facts';
import { Panel } from '../../design/Panel';
import { VerdictBadge } from '../../design/Verdict';
import { latestOf, latestWords } from '../../finding/latest';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import { shortPeriodWords } from '../../words/times';
import { scoredRows } from './scored';

export function Headline({ decision, series }: { decision: Decision; series: SeriesAnswer | undefined }) {
  const rateSeries = series?.series.find((each) => each.monitor === 'decision_rate');
  const rate = rateSeries === undefined || series === undefined ? null : latestOf(rateSeries, series.periods);
  const meanIndex = decision.score.mean.findLastIndex((mean) => mean !== null);
  const meanPeriod = decision.periods[meanIndex];
  const { reference_mean: referenceMean } = decision.score;
  const isBinary = decision.threshold !== null;
  return (
    <Panel>
      <Figures
        figures={[
          ...(rate === null
            ? []
            : [
                {
                  name: 'Decision rate',
                  value: shareWords(rate.value),
                  note: <VerdictNote words={`${shortPeriodWords(rate.period)} · ${countWords(rate.rows)} rows`} latest={rate} />,
                },
              ]),
          {
            name: isBinary ? 'Mean score' : 'Mean prediction',
            value: numberWords(decision.score.mean[meanIndex] ?? null),
            note: [meanPeriod === undefined ? null : shortPeriodWords(meanPeriod), referenceMean === null ? null : `reference ${numberWords(referenceMean)}`].filter(Boolean).join(' · '),
          },
          ...(decision.threshold === null ? [] : [{ name: 'Threshold', value: numberWords(decision.threshold), note: 'declared in the spec' }]),
          { name: isBinary ? 'Predictions with a score' : 'Predictions', value: countWords(scoredRows(decision)), note: `${decision.scope.arm}, whole range` },
        ]}
      />
    </Panel>
  );
}

function VerdictNote({ words, latest }: { words: string; latest: NonNullable<ReturnType<typeof latestOf>> }) {
  return (
    <>
      {words}
      <br />
      <VerdictBadge verdict={latest.verdict} words={latestWords(latest)} look="bare" />
    </>
  );
}
