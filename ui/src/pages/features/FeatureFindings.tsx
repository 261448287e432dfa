// The findings of one feature, the newest first: what was beyond a limit, or all of them.
import { useState } from 'react';
import { useFindings } from '../../api/queries';
import type { Finding } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { DataTable, type Column } from '../../design/DataTable';
import { Segments } from '../../design/Segments';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { VerdictBadge } from '../../design/Verdict';
import { useShownFinding } from '../../finding/address';
import { useSearchText } from '../../scope/scope';
import { useZone } from '../../scope/zone';
import { capital, limitWords, MONITOR_NAMES, valueWords } from '../../words/monitors';
import { countWords, plural, UNKNOWN } from '../../words/numbers';
import { windowWords } from '../../words/times';
import { verdictName, verdictRank } from '../../words/verdicts';

const STEP = 100;
const MOST = 1_000;

const CHOICES = [
  { value: 'beyond', name: 'Beyond a limit' },
  { value: 'all', name: 'All' },
] as const;
type Choice = (typeof CHOICES)[number]['value'];

export function FeatureFindings({ model, feature }: { model: string; feature: string }) {
  const [text, setChoice] = useSearchText('findings', 'beyond');
  const choice: Choice = text === 'all' ? 'all' : 'beyond';
  const [limit, setLimit] = useState(STEP);
  const query = useFindings(model, {
    arrow: 'features',
    subject: feature,
    limit,
    ...(choice === 'beyond' ? { verdict: 'broken,drifted,insufficient_sample' } : {}),
  });
  const { showFinding } = useShownFinding();
  const zone = useZone();
  const found = query.data;
  return (
    <ChartFrame
      title="Findings"
      note={found === undefined ? undefined : noteOf(found.total, found.findings.length)}
      request={query.request}
      method={{ conventions: found?.findings.map((finding) => finding.convention) ?? [], hasNoiseFloor: true }}
      numbers={() => ({
        columns: ['From', 'To', 'Monitor', 'Verdict', 'Value', 'Limit', 'Rows', 'Evidence'],
        rows: (found?.findings ?? []).map((finding) => [
          finding.window.start,
          finding.window.end,
          nameOf(finding),
          verdictName(finding.verdict),
          finding.value,
          limitWords(finding.monitor, finding.limit),
          finding.rows,
          finding.evidence,
        ]),
      })}
      actions={<Segments label="Which findings" value={choice} options={CHOICES} onChange={setChoice} />}
      hasImage={false}
      isFlush
    >
      <Loaded
        query={query}
        skeleton={<Skeleton height={160} />}
        isEmpty={({ total }) => total === 0}
        empty={
          <EmptyState title={choice === 'beyond' ? 'Nothing was beyond a limit' : 'Nothing was judged'}>
            {choice === 'beyond' ? 'In this range no monitor of this feature found anything to look at.' : 'No period of this range was judged yet.'}
          </EmptyState>
        }
      >
        {({ findings, total }) => (
          <DataTable
            label={`Findings of ${feature}`}
            rows={findings}
            columns={columnsOf(zone)}
            rowKey={(finding) => [finding.window.start, finding.monitor, finding.slice?.name, finding.slice?.value].join(' ')}
            onOpen={showFinding}
            onEnd={() => {
              if (findings.length < total) setLimit((now) => Math.min(MOST, Math.max(now, findings.length + STEP)));
            }}
            total={total}
            rowHeight={36}
            maximumHeight="400px"
          />
        )}
      </Loaded>
    </ChartFrame>
  );
}

const nameOf = ({ monitor, slice }: Finding): string =>
  slice === null ? MONITOR_NAMES[monitor] : `${MONITOR_NAMES[monitor]}, ${slice.name} = ${slice.value}`;

export function surenessWords({ monitor, interval, noise_floor }: Finding): string {
  if (interval !== null) return `${valueWords(monitor, interval[0])} – ${valueWords(monitor, interval[1])}`;
  return noise_floor === null ? UNKNOWN : `by chance up to ${valueWords(monitor, noise_floor)}`;
}

const noteOf = (total: number, shown: number): string =>
  total > shown && shown >= MOST ? `The ${countWords(shown)} newest of ${countWords(total)}` : plural(total, 'finding');

function columnsOf(zone: string): Column<Finding>[] {
  return [
    {
      id: 'period',
      header: 'Period',
      cell: ({ window }) => windowWords(window.start, window.end, zone),
      sortValue: ({ window }) => window.start,
      width: 188,
    },
    { id: 'monitor', header: 'Monitor', cell: nameOf, sortValue: nameOf, width: 116 },
    {
      id: 'verdict',
      header: 'Verdict',
      cell: ({ verdict }) => <VerdictBadge verdict={verdict} look="bare" />,
      sortValue: ({ verdict }) => -verdictRank(verdict),
      width: 136,
    },
    { id: 'value', header: 'Value', cell: ({ monitor, value }) => valueWords(monitor, value), sortValue: ({ value }) => value, width: 92, align: 'right' },
    { id: 'limit', header: 'Limit', cell: ({ monitor, limit }) => capital(limitWords(monitor, limit)), width: 124 },
    {
      id: 'sure',
      header: 'How sure',
      help: 'The interval of the value, or how far it would move by chance',
      cell: (finding) => <span title={finding.evidence}>{surenessWords(finding)}</span>,
      width: 178,
    },
    {
      id: 'reference',
      header: 'Reference',
      cell: ({ monitor, reference_value }) => valueWords(monitor, reference_value),
      width: 92,
      align: 'right',
    },
    { id: 'rows', header: 'Rows', cell: ({ rows }) => countWords(rows), sortValue: ({ rows }) => rows, width: 92, align: 'right' },
  ];
}
