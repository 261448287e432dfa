// What a model said, in one line: its number, or its words and their score.
import type { EventRow } from '../../api/types';
import { Payload } from '../../design/Payload';
import { UNKNOWN } from '../../words/numbers';
import { figureWords, isFigure } from './words';

export function EventOutput({ row, isCut = false }: { row: Pick<EventRow, 'output' | 'score'>; isCut?: boolean }) {
  if (isFigure(row)) return figureWords(row.score);
  if (row.output === null) return UNKNOWN;
  return (
    <>
      <Payload text={row.output} isCut={isCut} />
      {row.score !== null && ` (${figureWords(row.score)})`}
    </>
  );
}
