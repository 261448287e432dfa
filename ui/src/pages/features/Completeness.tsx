// Over time: how many rows held no value, a stand-in, a value that was too old, or one that is not valid.
import type { Request } from '../../api/queries';
import type { ColumnFigures, FeatureDetail } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { TimeSeries } from '../../charts/TimeSeries';
import { EmptyState } from '../../design/States';
import { capital } from '../../words/monitors';
import { countWords, listWords, plural, shareWords } from '../../words/numbers';
import { ageIsUnknown, invalidRows, sharesOver } from './figures';

const PARTS: readonly { name: string; rows: (figures: ColumnFigures) => number }[] = [
  { name: 'Missing', rows: ({ missing }) => missing },
  { name: 'Stand-ins', rows: ({ defaulted }) => defaulted },
  { name: 'Stale', rows: ({ stale }) => stale },
  { name: 'Invalid', rows: invalidRows },
];

export function Completeness({ detail, request }: { detail: FeatureDetail; request: Request }) {
  const { periods, windows, current, feature } = detail;
  const all = PARTS.map((part) => ({ ...part, values: sharesOver(windows, part.rows) }));
  const seen = all.filter((part) => part.values.some((value) => value !== null && value > 0));
  const rows = windows.map((figures) => figures?.rows ?? 0);
  return (
    <ChartFrame
      title={seen.length === 0 ? 'Missing, stand-ins, stale, invalid' : `${capital(listWords(seen.map((part) => part.name.toLowerCase())))} over time`}
      note={ageIsUnknown(detail.series) ? 'Share of rows; the events do not tell how old values are' : 'Share of rows'}
      request={request}
      method={{
        words: 'Rows of the period without a value, with the stand-in, with a value older than promised, or with an invalid one, over all its rows.',
        rows: current.rows,
      }}
      numbers={() => ({
        columns: ['Period', ...all.map((part) => part.name), 'Rows'],
        rows: periods.map((period, index) => [period.label, ...all.map((part) => part.values[index] ?? null), rows[index] ?? null]),
      })}
      hasImage={seen.length > 0}
    >
      {seen.length === 0 ? (
        <EmptyState title="Every value was there">
          {countWords(current.rows)} rows in {plural(rows.filter((count) => count > 0).length, 'period')}, none of them{' '}
          {listWords(ageIsUnknown(detail.series) ? ['missing', 'a stand-in', 'invalid'] : ['missing', 'a stand-in', 'stale', 'invalid']).replace(' and ', ' or ')}.
        </EmptyState>
      ) : (
        <TimeSeries
          label={`Missing and unfit values of ${feature.name}`}
          periods={periods}
          lines={seen.map((part) => ({ name: part.name, values: part.values, ...(part === seen[0] ? { rows } : {}) }))}
          format={shareWords}
          height={200}
          startsAtZero
        />
      )}
    </ChartFrame>
  );
}
