// The columns of the table of features; those that sort carry the name by which the server sorts.
import type { FeatureRow, Period } from '../../api/types';
import { VerdictBars } from '../../charts/VerdictBars';
import type { Column } from '../../design/DataTable';
import { CostCell, DriftCell, HarmCell, NameCell, ShareCell, VerdictCell } from './cells';

/** The server sorts: the table only needs to know which columns it may ask for. */
const byServer = (): null => null;

export function featureColumns(model: string, periods: readonly Period[]): Column<FeatureRow>[] {
  const share = (id: string, header: string, help: string, of: (row: FeatureRow) => number | null): Column<FeatureRow> => ({
    id,
    header,
    help,
    cell: (row) => <ShareCell share={of(row)} rows={row.rows} />,
    sortValue: byServer,
    width: { Missing: 74, 'Stand-ins': 86, Stale: 62, Invalid: 72 }[header] ?? 80,
    align: 'right',
  });
  return [
    { id: 'name', header: 'Feature', cell: (row) => <NameCell model={model} row={row} />, sortValue: byServer, width: 168, isGrowing: true },
    {
      id: 'attention',
      header: 'Verdict',
      help: 'Of the latest period that says anything; sorts what needs a person first',
      cell: (row) => <VerdictCell row={row} />,
      sortValue: byServer,
      width: 114,
    },
    {
      id: 'history',
      header: 'Periods',
      help: 'The worst verdict of each period of the range',
      cell: (row) => <VerdictBars label={`${row.feature} by period`} verdicts={row.verdicts} />,
      width: 96,
    },
    {
      id: 'drift',
      header: 'Drift',
      help: 'Distance from the reference: over the range, in the latest period, and at its largest',
      cell: (row) => <DriftCell row={row} periods={periods} />,
      sortValue: byServer,
      width: 172,
      isGrowing: true,
      align: 'right',
    },
    {
      id: 'harm',
      header: 'Harm',
      help: 'How much of the move of the mean output goes with this feature, where the first arrow broke',
      cell: (row) => <HarmCell harm={row.harm} />,
      sortValue: byServer,
      width: 84,
      align: 'right',
    },
    share('missing', 'Missing', 'Share of rows without a value', (row) => row.missing_share),
    share('defaulted', 'Stand-ins', 'Share of rows with a stand-in for the value', (row) => row.defaulted_share),
    share('stale', 'Stale', 'Share of rows with a value that is older than promised', (row) => row.stale_share),
    share('invalid', 'Invalid', 'Share of rows with an invalid value', (row) => row.invalid_share),
    {
      id: 'cost',
      header: 'Cost',
      help: 'What a value costs to fetch, as events tell it: time, calls, bytes; the mean of a prediction',
      cell: (row) => <CostCell costs={row.costs} />,
      sortValue: byServer,
      width: 100,
      align: 'right',
    },
  ];
}
