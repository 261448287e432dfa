// The text of a version as its owner wrote it, in colours.
import type { Request } from '../../api/queries';
import type { SpecDetail } from '../../api/types';
import { QueryButton } from '../../charts/QueryButton';
import { Code } from '../../design/Code';
import { CopyButton } from '../../design/CopyButton';
import { Panel } from '../../design/Panel';
import { useZone } from '../../scope/zone';
import { timeWords } from '../../words/times';
import styles from './spec.module.css';

export function SpecText({ detail, request }: { detail: SpecDetail; request: Request }) {
  const zone = useZone();
  return (
    <div className={styles.text}>
      <Panel
        title="As written"
        note={
          <>
            Since {timeWords(detail.created_at, zone)},{' '}
            <span className={styles.hash}>
              hash <code>{detail.content_hash.slice(0, 16)}</code>
            </span>
          </>
        }
        actions={
          <div className={styles.buttons}>
            <QueryButton title="This version" request={request} />
            <CopyButton makeText={() => detail.yaml} />
          </div>
        }
        isFlush
      >
        {detail.spec === null && (
          <p className={styles.unreadable}>This version of Quiver can no longer read this text. It is shown as it was written.</p>
        )}
        <Code label="The spec as written" text={detail.yaml} language="yaml" maximumHeight="max(320px, calc(100vh - 190px))" />
      </Panel>
    </div>
  );
}
