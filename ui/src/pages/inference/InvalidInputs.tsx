// Which features were invalid, why, and in how many rows.
import { Link } from '@tanstack/react-router';
import type { Request } from '../../api/queries';
import type { Inference } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { DataTable, type Column } from '../../design/DataTable';
import { EmptyState } from '../../design/States';
import { keepScope } from '../../scope/keep';
import { countWords, plural } from '../../words/numbers';
import { reasonWords } from '../../words/reasons';

type Invalid = Inference['invalid'][number];

export function InvalidInputs({ model, answer, request }: { model: string; answer: Inference; request: Request }) {
  const { invalid } = answer;
  const columns: Column<Invalid>[] = [
    {
      id: 'feature',
      header: 'Feature',
      cell: ({ feature }) => (
        <Link to="/models/$model/features/$feature" params={{ model, feature }} search={keepScope} title={feature}>
          {feature}
        </Link>
      ),
      sortValue: ({ feature }) => feature,
      width: 110,
      isGrowing: true,
    },
    { id: 'reason', header: 'Reason', cell: ({ reason }) => <span title={reasonWords(reason)}>{reasonWords(reason)}</span>, sortValue: ({ reason }) => reason, width: 150, isGrowing: true },
    { id: 'rows', header: 'Rows', cell: ({ rows }) => countWords(rows), sortValue: ({ rows }) => rows, width: 76, align: 'right' },
  ];
  return (
    <ChartFrame
      title="Invalid inputs"
      note={invalid.length === 0 ? undefined : `${plural(invalid.length, 'reason')}, by feature`}
      request={request}
      method={{ words: 'Rows in which a feature was invalid, from the figures of the periods: of requests whose features were kept.' }}
      numbers={() => ({ columns: ['Feature', 'Reason', 'Rows'], rows: invalid.map(({ feature, reason, rows }) => [feature, reason, rows]) })}
      hasImage={false}
      isFlush
    >
      {invalid.length === 0 ? (
        <EmptyState title="None">Every value was of its declared type, in its range and among its values.</EmptyState>
      ) : (
        <DataTable
          label="Invalid inputs"
          rows={invalid}
          columns={columns}
          rowKey={({ feature, reason }) => `${feature} ${reason}`}
          sort={{ column: 'rows', order: 'desc' }}
          rowHeight={36}
          maximumHeight="300px"
        />
      )}
    </ChartFrame>
  );
}
