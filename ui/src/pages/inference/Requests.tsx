// Requests in a table by version, arm or request type: how many, how many failed, how fast.
import type { Request } from '../../api/queries';
import type { Inference } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { DataTable, type Column } from '../../design/DataTable';
import { Payload } from '../../design/Payload';
import { Segments } from '../../design/Segments';
import { countWords, listWords, millisecondWords, plural, shareWords } from '../../words/numbers';
import { isAbove, QUANTILES } from './promises';
import styles from './Requests.module.css';

export type Grouping = 'version' | 'arm' | 'request_type';
const GROUPINGS: readonly { value: Grouping; name: string }[] = [
  { value: 'version', name: 'Version' },
  { value: 'arm', name: 'Arm' },
  { value: 'request_type', name: 'Request type' },
];
export const parseGrouping = (text: string): Grouping => GROUPINGS.find((each) => each.value === text)?.value ?? 'version';

type Group = Inference['groups'][number];

/** As many as the route tells one by one. */
const MOST = 100;

interface RequestsProps {
  answer: Inference;
  request: Request;
  grouping: Grouping;
  onGrouping: (grouping: Grouping) => void;
}

export function Requests({ answer, request, grouping, onGrouping }: RequestsProps) {
  const { groups, observed } = answer;
  // Other arms may tell what the chosen one does not.
  const isTimed = groups.some((group) => group.timed > 0);
  const isServed = observed.errors || groups.some((group) => group.failed > 0);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const name = (GROUPINGS.find((each) => each.value === grouping)?.name ?? 'Version').toLowerCase();
  const unseen = [...(isTimed ? [] : ['latency']), ...(isServed ? [] : ['errors'])];
  return (
    <ChartFrame
      title={`Requests by ${name}`}
      note={[
        `${plural(rows, 'request')}${groups.length >= MOST ? ` in the ${MOST} largest groups` : ''}`,
        unseen.length === 0 ? '' : `${listWords(unseen)} not observed`,
      ]
        .filter(Boolean)
        .join(', ')}
      request={request}
      method={{
        conventions: groups.map((group) => group.convention),
        words: 'Counted over all predictions of the range, a row each; failed are those that carry an error.',
        rows,
      }}
      numbers={() => ({
        columns: [name, 'Requests', 'Failed', 'With a latency', 'p50, ms', 'p95, ms', 'p99, ms', 'Convention'],
        rows: groups.map((group) => [group.group, group.rows, group.failed, group.timed, group.p50_ms, group.p95_ms, group.p99_ms, group.convention]),
      })}
      actions={<Segments label="Group requests by" value={grouping} options={GROUPINGS} onChange={onGrouping} />}
      hasImage={false}
      isFlush
    >
      <DataTable
        label={`Requests by ${name}`}
        rows={groups}
        columns={columnsOf(answer, rows, isTimed, isServed)}
        rowKey={(group) => group.group}
        sort={{ column: 'rows', order: 'desc' }}
        maximumHeight="420px"
        isFirstFixed
      />
    </ChartFrame>
  );
}

function columnsOf({ group: name, groups, targets }: Inference, all: number, isTimed: boolean, isServed: boolean): Column<Group>[] {
  const most = groups.reduce((largest, group) => Math.max(largest, group.rows), 1);
  return [
    {
      id: 'group',
      header: (GROUPINGS.find((each) => each.value === name)?.name ?? name),
      cell: (group) => (group.group === '' ? <span className={styles.none}>not told</span> : <Payload text={group.group} isCut />),
      sortValue: (group) => group.group,
      width: 150,
      isGrowing: true,
    },
    {
      id: 'rows',
      header: 'Requests',
      cell: (group) => (
        <span className={styles.rows} title={`${shareWords(group.rows / all)} of all`}>
          <span className={styles.bar} style={{ width: `${(group.rows / most) * 100}%` }} aria-hidden="true" />
          <span className={styles.count}>{countWords(group.rows)}</span>
        </span>
      ),
      sortValue: (group) => group.rows,
      width: 150,
      isGrowing: true,
      align: 'right',
    },
    { id: 'share', header: 'Share', cell: (group) => shareWords(group.rows / all), sortValue: (group) => group.rows, width: 84, align: 'right' },
    ...(isServed
      ? [
          { id: 'failed', header: 'Failed', cell: (group: Group) => countWords(group.failed), sortValue: (group: Group) => group.failed, width: 88, align: 'right' as const },
          {
            id: 'rate',
            header: 'Error rate',
            help: targets.error_rate === null ? 'Failed over all requests' : `Failed over all requests; at most ${shareWords(targets.error_rate)} is promised`,
            cell: (group: Group) => <Target value={group.failed / group.rows} target={targets.error_rate} write={shareWords} />,
            sortValue: (group: Group) => group.failed / group.rows,
            width: 104,
            align: 'right' as const,
          },
        ]
      : []),
    ...(isTimed
      ? QUANTILES.map(({ name: quantile, of, target }) => ({
          id: of,
          header: quantile,
          help: targets[target] === null ? 'Latency from request to answer' : `Latency; at most ${millisecondWords(targets[target])} is promised`,
          cell: (group: Group) => (
            <span title={`of ${countWords(group.timed)} requests with a latency`}>
              <Target value={group[of]} target={targets[target]} write={millisecondWords} />
            </span>
          ),
          sortValue: (group: Group) => group[of],
          width: 104,
          align: 'right' as const,
        }))
      : []),
  ];
}

interface TargetProps {
  value: number | null;
  target: number | null;
  write: (value: number | null) => string;
}

/** A figure that says so where it is above what is promised. */
function Target({ value, target, write }: TargetProps) {
  if (!isAbove(value, target)) return <>{write(value)}</>;
  return (
    <span className={styles.above} title={`Above the promised ${write(target)}`}>
      <span aria-hidden="true">↑ </span>
      {write(value)}
      <span className="unseen"> above what is promised</span>
    </span>
  );
}
