// The feedback arrow in figures: what the spec promises of quality, how many labels are in, how late they come.
import type { Performance, Series } from '../../api/types';
import { Figures } from '../../design/Facts';
import { Panel } from '../../design/Panel';
import { VerdictBadge } from '../../design/Verdict';
import { latestOf, latestWords } from '../../finding/latest';
import { capital, metricName } from '../../words/monitors';
import { countWords, numberWords, shareWords } from '../../words/numbers';
import { durationWords, shortPeriodWords } from '../../words/times';
import { quantileOf } from './delay';

/** More would be a table. */
const MOST_PROMISES = 4;

export function Headline({ performance }: { performance: Performance }) {
  const { predictions, labelled, delay, metrics } = performance;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const [all, known] = [sum(predictions), sum(labelled)];
  const promised = metrics.filter((series) => series.limit !== null);
  const shown = (promised.length > 0 ? promised : metrics).slice(0, MOST_PROMISES);
  const median = quantileOf(delay, 0.5);
  return (
    <Panel>
      <Figures
        figures={[
          ...shown.flatMap((series) => figureOf(series, performance)),
          { name: 'Labels in', value: all === 0 ? '–' : shareWords(known / all), note: `${countWords(known)} of ${countWords(all)}` },
          ...(median === null
            ? []
            : [{ name: 'Median label delay', value: durationWords(median), note: delay.expected_p50_seconds === null ? `${countWords(delay.rows)} labels` : `expected ${durationWords(delay.expected_p50_seconds)}` }]),
        ]}
      />
    </Panel>
  );
}

function figureOf(series: Series, { periods }: Performance) {
  const latest = latestOf(series, periods);
  if (latest === null) return [];
  return [
    {
      name: capital(metricName(series.subject)),
      value: numberWords(latest.value),
      note: (
        <>
          {shortPeriodWords(latest.period)} · {countWords(latest.rows)} rows
          <br />
          <VerdictBadge verdict={latest.verdict} words={latestWords(latest)} look="bare" />
        </>
      ),
    },
  ];
}
