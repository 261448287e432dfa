// The page of one event: everything that is kept of it, and what stands beside it.
import { useParams, useSearch } from '@tanstack/react-router';
import { ApiProblem } from '../../api/client';
import { useEvent, useSpec, useSpecs } from '../../api/queries';
import type { EventDetail } from '../../api/types';
import { QueryButton } from '../../charts/QueryButton';
import { ButtonLink } from '../../design/Button';
import { Code } from '../../design/Code';
import { CopyButton } from '../../design/CopyButton';
import { Page } from '../../design/Page';
import { Panel } from '../../design/Panel';
import { Payload } from '../../design/Payload';
import { EmptyState, Loaded, Skeleton } from '../../design/States';
import { keepScope } from '../../scope/keep';
import type { Search } from '../../scope/search';
import { useZone } from '../../scope/zone';
import { lookUp } from '../../words/lookup';
import { exactTimeWords } from '../../words/times';
import styles from './event.module.css';
import { EventCapture, EventCost, EventFacts, EventRedactions } from './EventFacts';
import { EventFeatures } from './EventFeatures';
import { EventFeedback } from './EventFeedback';
import { EventSiblings } from './EventSiblings';
import { EventSummary } from './EventSummary';
import { type SpecFeatures, featuresOf, horizonSecondsOf } from './spec';
import { KIND_NAMES } from './words';

export function EventPage() {
  const { model, id } = useParams({ strict: false }) as { model: string; id: string };
  const { kind } = useSearch({ strict: false }) as Search;
  const query = useEvent(model, id, kind);
  const current = useSpecs(model).data?.versions.find((version) => version.is_current)?.number ?? null;
  const spec = useSpec(model, current).data?.spec ?? null;
  const isGone = query.error instanceof ApiProblem && query.error.status === 404 && query.data === undefined;
  const name = lookUp(KIND_NAMES, query.data?.event.kind ?? kind ?? '') ?? 'Event';
  return (
    <Page
      title={`${name} ${id}`}
      model={model}
      heading={
        <>
          {name} <Payload text={id} isCode />
        </>
      }
      about={query.data === undefined ? undefined : <About detail={query.data} />}
      actions={
        <ButtonLink to="/models/$model/events" params={{ model }} search={keepScope}>
          All events
        </ButtonLink>
      }
    >
      {isGone ? (
        <Panel>
          <EmptyState
            title="No such event"
            action={
              <ButtonLink to="/models/$model/events" params={{ model }} search={keepScope}>
                Look for another
              </ButtonLink>
            }
          >
            No event of this id is kept: it never came, or retention has removed it.
          </EmptyState>
        </Panel>
      ) : (
        <Loaded query={query} skeleton={<EventSkeleton />}>
          {(detail) => (
            <Event
              model={model}
              detail={detail}
              features={featuresOf(spec)}
              horizonSeconds={horizonSecondsOf(spec)}
              request={query.request}
            />
          )}
        </Loaded>
      )}
    </Page>
  );
}

function About({ detail: { event } }: { detail: EventDetail }) {
  const zone = useZone();
  const parts = [event.arm, event.version, event.request_type].filter((part) => part !== null);
  return (
    <>
      <span className="figures">{exactTimeWords(event.at, zone)}</span>
      {parts.map((part, index) => (
        <span key={index}>
          {' · '}
          <Payload text={part} />
        </span>
      ))}
    </>
  );
}

interface EventProps {
  model: string;
  detail: EventDetail;
  features: SpecFeatures;
  horizonSeconds: number | null;
  request: ReturnType<typeof useEvent>['request'];
}

function Event({ model, detail, features, horizonSeconds, request }: EventProps) {
  const isPrediction = detail.event.kind === 'prediction';
  const text = JSON.stringify(detail, null, 2);
  return (
    <>
      <EventSummary detail={detail} />
      <div className={styles.columns}>
        <div className={styles.main}>
          <EventSiblings model={model} detail={detail} />
          {isPrediction && <EventFeatures model={model} detail={detail} features={features} />}
          {isPrediction && <EventFeedback detail={detail} horizonSeconds={horizonSeconds} />}
        </div>
        <div className={styles.side}>
          <EventFacts model={model} detail={detail} />
          {isPrediction && <EventCost detail={detail} />}
          {isPrediction && <EventCapture detail={detail} />}
          <EventRedactions detail={detail} />
        </div>
      </div>
      <Panel
        title="All of it as JSON"
        note="What the API gives of this event; nothing else is kept."
        actions={
          <div className={styles.buttons}>
            <QueryButton title="This event" request={request} />
            <CopyButton makeText={() => text} />
          </div>
        }
        isFlush
      >
        <Code label="The event as JSON" text={text} language="json" maximumHeight="420px" />
      </Panel>
    </>
  );
}

function EventSkeleton() {
  return (
    <>
      <Skeleton height={88} />
      <div className={styles.columns}>
        <div className={styles.main}>
          <Skeleton height={180} />
          <Skeleton height={420} />
        </div>
        <div className={styles.side}>
          <Skeleton height={260} />
          <Skeleton height={120} />
        </div>
      </div>
    </>
  );
}
