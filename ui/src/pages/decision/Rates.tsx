// The rates of the decision arrow over time: decisions, score drift, fallbacks, overrides.
import type { Answered } from '../../api/queries';
import type { Decision, Marker, Monitor, Series, SeriesAnswer } from '../../api/types';
import { Columns } from '../../design/Panel';
import { Loaded, Skeleton } from '../../design/States';
import { SeriesChart, sameSeries } from '../../finding/SeriesChart';
import { limitWords } from '../../words/monitors';
import { numberWords } from '../../words/numbers';

interface RatesProps {
  query: Answered<SeriesAnswer>;
  previous: SeriesAnswer | undefined;
}

export function DecisionRate({ query, previous, markers, decision }: RatesProps & { markers: readonly Marker[]; decision: Decision }) {
  return (
    <Loaded query={query} skeleton={<Skeleton height={264} />}>
      {(answer) => {
        const rate = find(answer, 'decision_rate');
        return rate === undefined ? null : (
          <SeriesChart
            series={rate}
            periods={answer.periods}
            previous={sameSeries(rate, previous?.series)}
            request={query.request}
            note={`${rateWords(decision)} ${limitNote(rate)}`}
            markers={markers}
            height={200}
          />
        );
      }}
    </Loaded>
  );
}

const limitNote = ({ monitor, limit }: Series): string => (limit === null ? 'No limit.' : `Limit: ${limitWords(monitor, limit).replaceAll(' %', '\u00a0%')}.`);

function rateWords({ threshold }: Decision): string {
  if (threshold === null) return 'Share of predictions that led to the first action.';
  return `Share of predictions that lead to the first action, or else reach ${numberWords(threshold)}.`;
}

const OTHERS: readonly { monitor: Monitor; words: string }[] = [
  { monitor: 'score_drift', words: 'Distance of the scores from the reference’s.' },
  { monitor: 'fallback', words: 'Share of decisions that a fallback took.' },
  { monitor: 'override', words: 'Share of decisions that a rule or guardrail changed.' },
];

export function OtherRates({ query, previous }: RatesProps) {
  return (
    <Loaded query={query} skeleton={<Skeleton height={240} />}>
      {(answer) => (
        <Columns minimum={300}>
          {OTHERS.map(({ monitor, words }) => {
            const series = find(answer, monitor);
            return series === undefined ? null : (
              <SeriesChart
                key={monitor}
                series={series}
                periods={answer.periods}
                previous={sameSeries(series, previous?.series)}
                request={query.request}
                note={`${words} ${limitNote(series)}`}
              />
            );
          })}
        </Columns>
      )}
    </Loaded>
  );
}

const find = (answer: SeriesAnswer, monitor: Monitor): Series | undefined => answer.series.find((each) => each.monitor === monitor && each.slice === null);
