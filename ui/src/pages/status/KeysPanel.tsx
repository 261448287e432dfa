// The keys of the API: names, scopes and times, never a secret. Where the reader's own key may not see them, says so.
import { useKeys, useSession } from '../../api/queries';
import { isForbidden } from '../../api/try-key';
import type { Keys } from '../../api/types';
import { Panel } from '../../design/Panel';
import { type PlainColumn, PlainTable } from '../../design/PlainTable';
import { EmptyState, Loaded, SkeletonLines } from '../../design/States';
import { agoWords, dateWords, localZone } from '../../words/times';
import { keyState, orderKeys, scopeWords } from './keys';
import styles from './status.module.css';

type Key = Keys['keys'][number];

export function KeysPanel() {
  const session = useSession().data;
  // What the key is known not to allow is not asked for in vain.
  const isAdmin = session !== undefined && (!session.requires_key || session.scopes.includes('admin'));
  const query = useKeys(isAdmin);
  if ((session !== undefined && !isAdmin) || isForbidden(query.error)) {
    return (
      <Panel title="Keys">
        <EmptyState title="For administrators">Your key does not have the scope admin, which lists the keys. All else on this page is complete.</EmptyState>
      </Panel>
    );
  }
  const makeKey = (
    <>
      <code>quiver key create --name NAME --scope read</code> makes one.
    </>
  );
  return (
    <Panel title="Keys" note="Without their secrets, which are kept nowhere" isFlush>
      <Loaded
        query={query}
        skeleton={
          <div className={styles.padded}>
            <SkeletonLines />
          </div>
        }
        isEmpty={({ keys }) => keys.length === 0}
        empty={<EmptyState title="No keys">{makeKey}</EmptyState>}
      >
        {({ keys }) => <PlainTable label="Keys of the API" rows={orderKeys(keys)} columns={COLUMNS} rowKey={({ id }) => id} />}
      </Loaded>
    </Panel>
  );
}

const COLUMNS: readonly PlainColumn<Key>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: ({ name, id }) => (
      <>
        {name}
        <code className={styles.about}>{id}</code>
      </>
    ),
    isHeading: true,
    isGrowing: true,
  },
  { id: 'scopes', header: 'May', cell: ({ scopes }) => scopeWords(scopes) },
  { id: 'state', header: 'State', cell: (key) => <State row={key} /> },
];

function State({ row }: { row: Key }) {
  const state = keyState(row, Date.now());
  const at = state.name === 'good' ? state.until : state.at;
  return (
    <span className={state.name === 'good' ? undefined : styles.ended}>
      {state.name}
      {at !== null && ` ${state.name === 'good' ? 'until ' : ''}${dateWords(at, localZone())}`}
      <span className={styles.about}>
        {row.last_used_at === null ? 'no use was noted' : `last used ${agoWords(Date.now() - Date.parse(row.last_used_at))}`}
      </span>
    </span>
  );
}
