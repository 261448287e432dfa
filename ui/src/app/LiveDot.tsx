// Tells how fresh the page is, and lets the reader pause it.
import { useQueryClient } from '@tanstack/react-query';
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import type { Request } from '../api/queries';
import buttons from '../design/Button.module.css';
import { classes } from '../design/classes';
import { useZone } from '../scope/zone';
import { clockWords, localZone, timeWords } from '../words/times';
import { useLive } from './live';
import styles from './LiveDot.module.css';

interface LiveDotProps {
  /** The request whose last answer tells how fresh the page is. */
  request: Request;
  hasError: boolean;
  latestEventAt?: string | null;
}

export function LiveDot({ request, hasError, latestEventAt = null }: LiveDotProps) {
  const { isPaused, setPaused } = useLive();
  const zone = useZone();
  const state = hasError ? 'Offline' : isPaused ? 'Paused' : 'Live';
  return (
    <TooltipTrigger delay={300} closeDelay={80}>
      <Button
        className={classes(buttons.button, buttons.quiet, styles.live)}
        onPress={() => setPaused(!isPaused)}
        aria-label={`${state}. ${isPaused ? 'Follow again' : 'Pause'}`}
      >
        <span className={classes(styles.dot, hasError ? styles.offline : isPaused ? styles.paused : styles.on)} />
        <span className={styles.word}>{state}</span>
      </Button>
      <Tooltip className={buttons.tooltip!} offset={6}>
        <AsOf request={request} />
        {latestEventAt !== null && <p>Latest event {timeWords(latestEventAt, zone)}</p>}
        <p>{isPaused ? 'Press to follow again' : 'Press to pause'}</p>
      </Tooltip>
    </TooltipTrigger>
  );
}

/** Read when the reader looks, so that a page that stays the same is not drawn every few seconds. */
function AsOf({ request }: { request: Request }) {
  const updatedAt = useQueryClient().getQueryState([request.path, request.parameters])?.dataUpdatedAt ?? 0;
  return updatedAt === 0 ? null : <p>As of {clockWords(updatedAt, localZone())}, your time</p>;
}
