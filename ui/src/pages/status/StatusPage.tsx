// The page Status: whether events are taken in and judged on time, what was refused, what the disk holds, and the keys.
import { useStatus } from '../../api/queries';
import type { Status } from '../../api/types';
import { QueryButton } from '../../charts/QueryButton';
import { Icon } from '../../design/Icon';
import { Page } from '../../design/Page';
import { Columns } from '../../design/Panel';
import { Loaded, Skeleton } from '../../design/States';
import { Counted } from './Counted';
import { DamagePanel } from './DamagePanel';
import { Ingest } from './Ingest';
import { KeysPanel } from './KeysPanel';
import { Stages } from './Stages';
import { StatusSummary } from './StatusSummary';
import styles from './status.module.css';
import { Storage } from './Storage';

export function StatusPage() {
  const query = useStatus();
  return (
    <Page
      title="Status"
      about="The server itself: what comes in, what waits, what was refused, and what the disk holds."
      actions={<QueryButton title="Status" request={query.request} />}
    >
      <Loaded query={query} skeleton={<StatusSkeleton />}>
        {(status) => <Told status={status} />}
      </Loaded>
    </Page>
  );
}

function Told({ status }: { status: Status }) {
  return (
    <>
      <Alerts status={status} />
      <StatusSummary status={status} />
      <Columns minimum={420}>
        <div className={styles.stack}>
          <Ingest status={status} />
          <DamagePanel damage={status.damage} />
        </div>
        <Stages status={status} />
      </Columns>
      <Counted counted={status.counted} />
      <Columns minimum={420}>
        <Storage status={status} />
        <KeysPanel />
      </Columns>
    </>
  );
}

/** What a person must look at, above everything else. */
function Alerts({ status }: { status: Status }) {
  const alerts = [
    ...(status.ready ? [] : [{ what: 'Events are not taken', why: status.reason ?? 'no reason is told' }]),
    ...(status.read_only ? [{ what: 'The disk is so full that no event is taken', why: 'queries are still answered; it goes on by itself once there is room' }] : []),
    ...Object.entries(status.stage_errors).map(([stage, error]) => ({ what: `${stage} failed`, why: error })),
  ];
  if (alerts.length === 0) return null;
  return (
    <div className={styles.alerts} role="alert">
      <ul>
        {alerts.map(({ what, why }) => (
          <li key={what}>
            <Icon name="warning" />
            <span>
              <strong>{what}:</strong> {why}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function StatusSkeleton() {
  return (
    <>
      <Skeleton height={88} />
      <Columns minimum={420}>
        <Skeleton height={240} />
        <Skeleton height={240} />
      </Columns>
      <Skeleton height={280} />
    </>
  );
}
