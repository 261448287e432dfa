// The stages behind the journal and the jobs beside them: what waits, when each ran last, and what went wrong.
import type { Status } from '../../api/types';
import { Panel } from '../../design/Panel';
import { type PlainColumn, PlainTable } from '../../design/PlainTable';
import { EmptyState } from '../../design/States';
import { VerdictMark } from '../../design/Verdict';
import { lookUp } from '../../words/lookup';
import { plural, UNKNOWN } from '../../words/numbers';
import { agoWords, durationWords } from '../../words/times';
import { errorsOf, inOrder, STAGES } from './stage-words';
import styles from './status.module.css';

type Stage = Status['stages'][number];

export function Stages({ status }: { status: Status }) {
  const { stages, stage_errors: errors } = status;
  const columns: PlainColumn<Stage>[] = [
    {
      id: 'stage',
      header: 'Stage',
      cell: ({ stage }) => (
        <>
          <span className={styles.stage}>
            {errorsOf(errors, stage).length > 0 && <VerdictMark verdict="broken" label="failed" />}
            {stage}
          </span>
          <span className={styles.about}>{lookUp(STAGES, stage)}</span>
        </>
      ),
      isHeading: true,
      isGrowing: true,
    },
    {
      id: 'waiting',
      header: 'Waiting',
      cell: ({ lag_rows, lag_models }) => (
        <>
          {plural(lag_rows, 'row')}
          {lag_models > 0 && <span className={styles.about}>{plural(lag_models, 'model')}</span>}
        </>
      ),
      align: 'right',
    },
    { id: 'took', header: 'Took', cell: ({ last_run_seconds }) => (last_run_seconds == null ? UNKNOWN : durationWords(last_run_seconds)), align: 'right' },
    { id: 'last', header: 'Last run', cell: ({ last_run_at }) => (last_run_at == null ? 'not yet' : agoWords(Date.now() - Date.parse(last_run_at))), align: 'right' },
  ];
  return (
    <Panel title="Stages" note="Each reads what the one before wrote" isFlush>
      {stages.length === 0 ? (
        <EmptyState title="Nothing ran yet">Stages run once events come in.</EmptyState>
      ) : (
        <PlainTable label="Stages behind the journal" rows={inOrder(stages)} columns={columns} rowKey={({ stage }) => stage} />
      )}
    </Panel>
  );
}
