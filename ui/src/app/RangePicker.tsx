// Chooses the stretch of time that every page shows: presets from the latest event back, or two dates.
import { type FormEvent, useState } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { Scope } from '../api/types';
import { afterPaint } from '../design/afterPaint';
import { Button } from '../design/Button';
import { classes } from '../design/classes';
import choice from '../design/Choice.module.css';
import { Icon } from '../design/Icon';
import { instant, PRESETS, startOf } from '../scope/range';
import { useScope } from '../scope/scope';
import { useZone } from '../scope/zone';
import { dateIn, timeWords, windowWords } from '../words/times';
import styles from './RangePicker.module.css';

const DAY = 86_400_000;

export function RangePicker({ answered }: { answered: Scope | undefined }) {
  const { from, to, change } = useScope();
  const zone = useZone();
  const preset = to === undefined ? PRESETS.find((each) => each.from === from) : undefined;
  const title = preset?.words ?? rangeWords(from, to, answered, zone);
  return (
    <DialogTrigger>
      <AriaButton className={choice.button!} aria-label={`Time range: ${title}`}>
        <Icon name="clock" size={14} />
        <span>{title}</span>
        <Icon name="chevron" size={12} />
      </AriaButton>
      <Popover className={classes(choice.popover, styles.popover)} placement="bottom end" offset={4}>
        <Dialog className={styles.dialog!} aria-label="Time range">
          {({ close }) => (
            <>
              <ul className={styles.presets}>
                {PRESETS.map((each) => (
                  <li key={each.name}>
                    <button
                      type="button"
                      className={styles.preset}
                      aria-pressed={each === preset}
                      onClick={() => {
                        close();
                        afterPaint(() => change({ from: each.from, to: undefined }));
                      }}
                    >
                      {each.words}
                      {each === preset && <Icon name="check" size={14} />}
                    </button>
                  </li>
                ))}
              </ul>
              <CustomRange
                key={`${from} ${to}`}
                zone={zone}
                start={answered?.from}
                end={answered?.to}
                onChoose={(start, end) => {
                  close();
                  afterPaint(() => change({ from: start, to: end }));
                }}
              />
              {answered?.latest_event_at && (
                <p className={styles.note}>
                  Ranges count back from the latest event, {timeWords(answered.latest_event_at, zone)}. Drag on any chart in time to choose a range; a double click shows all.
                </p>
              )}
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function rangeWords(from: string | undefined, to: string | undefined, answered: Scope | undefined, zone: string): string {
  const start = from ?? answered?.from;
  const end = to ?? answered?.to;
  if (start === undefined || end === undefined) return 'Range';
  return windowWords(instant(startOf(start, zone)), instant(startOf(end, zone)), zone);
}

interface CustomRangeProps {
  zone: string;
  start: string | undefined;
  end: string | undefined;
  onChoose: (start: string, end: string) => void;
}

/** Whole days; the last one is included, as people mean it. */
function CustomRange({ zone, start, end, onChoose }: CustomRangeProps) {
  const [first, setFirst] = useState(start === undefined ? '' : dateIn(start, zone));
  const [last, setLast] = useState(end === undefined ? '' : dateIn(instant(Date.parse(end) - 1), zone));
  const isRange = first !== '' && last !== '' && first <= last;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isRange) return;
    const after = new Date(Date.parse(`${last}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
    onChoose(instant(startOf(first, zone)), instant(startOf(after, zone)));
  };
  return (
    <form className={styles.custom} onSubmit={submit}>
      <label>
        <span>From</span>
        <input type="date" value={first} onChange={(event) => setFirst(event.target.value)} />
      </label>
      <label>
        <span>Through</span>
        <input type="date" value={last} min={first} onChange={(event) => setLast(event.target.value)} />
      </label>
      <Button type="submit" look="accent" isDisabled={!isRange}>
        Show
      </Button>
    </form>
  );
}
