// Tells how fresh the page is, and lets the reader pause it.
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import buttons from '../design/Button.module.css';
import { classes } from '../design/classes';
import { useZone } from '../scope/zone';
import { exactTimeWords, timeWords } from '../words/times';
import { useLive } from './live';
import styles from './LiveDot.module.css';

interface LiveDotProps {
  updatedAt: number;
  hasError: boolean;
  latestEventAt?: string | null;
}

export function LiveDot({ updatedAt, hasError, latestEventAt = null }: LiveDotProps) {
  const { isPaused, setPaused } = useLive();
  const zone = useZone();
  const state = hasError ? 'Offline' : isPaused ? 'Paused' : 'Live';
  const asOf = updatedAt === 0 ? null : new Date(updatedAt).toISOString();
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
        {asOf !== null && <p>As of {exactTimeWords(asOf, Intl.DateTimeFormat().resolvedOptions().timeZone).replace(/\.\d+$/, '')}</p>}
        {latestEventAt !== null && <p>Latest event {timeWords(latestEventAt, zone)}</p>}
        <p>{isPaused ? 'Press to follow again' : 'Press to pause'}</p>
      </Tooltip>
    </TooltipTrigger>
  );
}
