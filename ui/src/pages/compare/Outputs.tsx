// What both sides answered: their scores or predicted numbers over the same bins, or as quantiles where each stands on its own bins.
import type { Request } from '../../api/queries';
import type { Comparison } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Histogram } from '../../charts/Histogram';
import { EmptyState } from '../../design/States';
import { useZone } from '../../scope/zone';
import { numberWords } from '../../words/numbers';
import { BoxPlot } from './BoxPlot';
import { FiguresTable } from './FiguresTable';
import { namesOf } from './names';

export function Outputs({ comparison, request }: { comparison: Comparison; request: Request }) {
  const zone = useZone();
  const names = namesOf(comparison, zone);
  const score = comparison.columns.find((column) => column.arrow === 'decision' && column.subject === 'score');
  if (score === undefined) {
    return (
      <ChartFrame title="Answers" request={request} hasImage={false}>
        <EmptyState title="No numbers on both sides">The answers of one side are no numbers, or there are none.</EmptyState>
      </ChartFrame>
    );
  }
  return (
    <ChartFrame
      title="Answers"
      note={score.bins.length === 0 ? 'Scores, or predicted numbers. Each side stands on the bins of its own reference, so that their quantiles are compared.' : `Scores, or predicted numbers. Distance of the right from the left: ${numberWords(score.distance)}.`}
      request={request}
      method={{ conventions: [score.convention], rows: score.left.rows, referenceRows: score.right.rows }}
      numbers={() => ({
        columns: ['Side', 'p05', 'p25', 'Median', 'p75', 'p95', 'Mean', 'Standard deviation', 'Rows'],
        rows: ([['left', score.left], ['right', score.right]] as const).map(([side, { quantiles, mean, standard_deviation: deviation, rows }]) => [names[side], quantiles?.p05 ?? null, quantiles?.p25 ?? null, quantiles?.p50 ?? null, quantiles?.p75 ?? null, quantiles?.p95 ?? null, mean, deviation, rows]),
      })}
      hasImage={score.bins.length > 0}
    >
      {score.bins.length > 0 ? (
        <Histogram label="Answers of both sides" bins={score.bins} current={{ name: names.right, counts: score.right.bins, colour: 'series-2' }} reference={{ name: names.left, counts: score.left.bins, colour: 'series-1' }} height={188} />
      ) : (
        <BoxPlot sides={[{ name: names.left, quantiles: score.left.quantiles, mean: score.left.mean }, { name: names.right, quantiles: score.right.quantiles, mean: score.right.mean }]} />
      )}
      <FiguresTable column={score} names={names} />
    </ChartFrame>
  );
}
