// What the spec promises of the service, and whether it was kept in each period.
import { Link } from '@tanstack/react-router';
import type { Request } from '../../api/queries';
import type { Series, SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { EmptyState } from '../../design/States';
import { seriesNumbers, SeriesTable } from '../../finding/SeriesTable';
import { keepScope } from '../../scope/keep';
import { capital, metricName } from '../../words/monitors';
import { countWords } from '../../words/numbers';
import { budgetOf } from './promises';

/** "Error rate", but "p95 latency": the letter of a quantile stays small. */
const nameOf = ({ subject }: Series): string => (/^p\d/.test(subject) ? metricName(subject) : capital(metricName(subject)));

export function Promises({ model, answer, request }: { model: string; answer: SeriesAnswer; request: Request }) {
  const promised = answer.series.filter((series) => series.limit !== null);
  return (
    <ChartFrame
      title="Promises of the service"
      note="What the spec promises, and whether each period kept it"
      request={request}
      method={{ conventions: promised.map((series) => series.convention) }}
      numbers={() => seriesNumbers(promised, answer.periods, nameOf)}
      hasImage={false}
      isFlush
    >
      {promised.length === 0 ? (
        <EmptyState title="The spec promises nothing">
          Under <code>service:</code> the <Link to="/models/$model/spec" params={{ model }} search={keepScope}>spec</Link> names what latency and
          which error rate are good enough.
        </EmptyState>
      ) : (
        <SeriesTable
          label="Promises, period by period"
          header="Promise"
          series={promised}
          periods={answer.periods}
          name={nameOf}
          more={budgetWords}
        />
      )}
    </ChartFrame>
  );
}

function budgetWords(series: Series): string | null {
  const budget = budgetOf(series);
  return budget === null ? null : `${countWords(budget.failed)} of ${countWords(budget.allowed)} allowed failures`;
}
