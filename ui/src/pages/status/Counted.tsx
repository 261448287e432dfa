// What was refused, redacted, dropped or sent again in the last 24 hours, by reason.
import { Link } from '@tanstack/react-router';
import type { Status } from '../../api/types';
import { type Column, DataTable } from '../../design/DataTable';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { Segments } from '../../design/Segments';
import { EmptyState } from '../../design/States';
import { keepRange } from '../../scope/keep';
import { useSearchText } from '../../scope/scope';
import { countWords, shortCountWords } from '../../words/numbers';
import { type Row, rowsOf, totalOf, type What, WHATS } from './counts';

const COLUMNS: readonly Column<Row>[] = [
  { id: 'subject', header: 'Of what', cell: ({ subject }) => <Payload text={subject} isCut />, sortValue: ({ subject }) => subject, width: 220 },
  { id: 'words', header: 'Meaning', cell: ({ words }) => <span title={words}>{words}</span>, width: 240, isGrowing: true },
  {
    id: 'model',
    header: 'Model',
    cell: ({ model }) =>
      model === '' ? (
        'none that is known'
      ) : (
        <Link to="/models/$model" params={{ model }} search={keepRange}>
          {model}
        </Link>
      ),
    sortValue: ({ model }) => model,
    width: 180,
  },
  { id: 'count', header: 'Times', cell: ({ count }) => countWords(count), sortValue: ({ count }) => count, width: 110, align: 'right' },
];

export function Counted({ counted }: { counted: Status['counted'] }) {
  const [text, setText] = useSearchText('counted');
  const first = WHATS.find((each) => totalOf(counted, each.value) > 0)?.value ?? 'refused';
  const shown = WHATS.find((each) => each.value === text) ?? WHATS.find((each) => each.value === first);
  const what = shown?.value ?? 'refused';
  const rows = rowsOf(counted, what);
  const options = WHATS.map(({ value, name }) => {
    const total = totalOf(counted, value);
    return { value, name: total === 0 ? name : `${name} ${shortCountWords(total)}` };
  });
  return (
    <Panel
      title="Not taken as it was sent"
      note={`In the last 24 hours. ${shown?.meaning ?? ''}`}
      actions={<Segments label="What was counted" value={what} options={options} onChange={(next: What) => setText(next)} />}
      isFlush
    >
      {rows.length === 0 ? (
        <EmptyState title="Nothing in the last 24 hours" />
      ) : (
        <DataTable
          key={what}
          label={shown?.name ?? ''}
          rows={rows}
          columns={COLUMNS}
          rowKey={(row) => `${row.model} ${row.subject} ${row.words}`}
          sort={{ column: 'count', order: 'desc' }}
          rowHeight={36}
          maximumHeight="380px"
        />
      )}
    </Panel>
  );
}
