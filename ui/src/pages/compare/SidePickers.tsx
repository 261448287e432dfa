// Chooses both sides, each an arm, a version and a period, and tells how many predictions and labels it has.
import { type FormEvent, useState } from 'react';
import type { Comparison, Side, Window, Windows } from '../../api/types';
import { Button, IconButton } from '../../design/Button';
import { Choice, type Option } from '../../design/Choice';
import { instant, startOf } from '../../scope/range';
import { useScope } from '../../scope/scope';
import { useZone } from '../../scope/zone';
import { countWords, shareWords } from '../../words/numbers';
import { dateIn, windowWords } from '../../words/times';
import styles from './SidePickers.module.css';
import { addressOf, type PeriodChoice, periodOf, type SideChoice, type SideName } from './sides';

interface Range {
  from: string | undefined;
  to: string | undefined;
}

interface SidePickersProps {
  sides: { left: SideChoice; right: SideChoice };
  windows: Windows;
  /** The range of the page. */
  range: Range;
  previous: Range | null;
  comparison: Comparison | undefined;
}

export function SidePickers({ sides, windows, range, previous, comparison }: SidePickersProps) {
  const { change } = useScope();
  const choose = (next: typeof sides): void => change(addressOf(next, range));
  const shared = { windows, range, previous };
  return (
    <div className={styles.sides}>
      <SidePicker {...shared} name="left" side={sides.left} found={comparison?.left} onChange={(left) => choose({ ...sides, left })} />
      <div className={styles.swap}>
        <IconButton icon="compare" label="Swap the sides" onPress={() => choose({ left: sides.right, right: sides.left })} />
      </div>
      <SidePicker {...shared} name="right" side={sides.right} found={comparison?.right} onChange={(right) => choose({ ...sides, right })} />
    </div>
  );
}

interface SidePickerProps extends Omit<SidePickersProps, 'sides' | 'comparison'> {
  name: SideName;
  side: SideChoice;
  found: Side | undefined;
  onChange: (side: SideChoice) => void;
}

const TITLES: Readonly<Record<SideName, string>> = { left: 'Left', right: 'Right' };
const ANY = '';

function SidePicker({ name, side, found, windows, range, previous, onChange }: SidePickerProps) {
  const zone = useZone();
  const [isOwn, setOwn] = useState(false);
  const known = windows.scope.known;
  const named = periodOf(side, { page: range, reference: windows.reference, previous }, zone);
  const period = isOwn ? 'own' : named;
  const words = (from: string | undefined, to: string | undefined): string => {
    const [start, end] = [from ?? known?.start, to ?? known?.end];
    return start === undefined || end === undefined ? 'All time' : windowWords(instant(startOf(start, zone)), instant(startOf(end, zone)), zone);
  };
  const arm = windows.arms.find((each) => each.arm === side.arm);
  const versions = [...new Set([...(arm?.versions ?? []), ...(side.version === undefined ? [] : [side.version])])];
  const periods: Option<PeriodChoice>[] = [
    { value: 'page', name: range.from === undefined && range.to === undefined ? 'All time' : 'The page’s range', about: words(range.from, range.to) },
    ...(previous === null ? [] : [{ value: 'previous' as const, name: 'Period before', about: words(previous.from, previous.to) }]),
    ...(windows.reference === null ? [] : [{ value: 'reference' as const, name: 'Reference', about: words(windows.reference.start, windows.reference.end) }]),
    { value: 'own', name: 'Own dates', about: named === 'own' ? words(side.from, side.to) : 'Choose two dates' },
  ];
  const choosePeriod = (value: PeriodChoice): void => {
    setOwn(value === 'own');
    const chosen: Record<Exclude<PeriodChoice, 'own'>, Range | null> = { page: range, previous, reference: windows.reference === null ? null : rangeOf(windows.reference) };
    const next = value === 'own' ? null : chosen[value];
    if (next !== null) onChange({ ...side, ...next });
  };
  return (
    <section className={styles.side} aria-labelledby={`${name}-side`}>
      <h2 id={`${name}-side`} className={styles.title}>
        <span className={name === 'left' ? styles.leftSwatch : styles.rightSwatch} aria-hidden="true" />
        {TITLES[name]}
      </h2>
      <div className={styles.choices}>
        <Choice label="Arm" value={side.arm ?? ''} options={windows.arms.map((each) => ({ value: each.arm, name: each.arm, ...(each.is_live ? { about: 'live' } : {}) }))} onChange={(value) => onChange({ ...side, arm: value, version: undefined })} />
        <Choice label="Version" value={side.version ?? ANY} options={[{ value: ANY, name: 'any' }, ...versions.map((version) => ({ value: version, name: version }))]} onChange={(value) => onChange({ ...side, version: value === ANY ? undefined : value })} />
        <Choice label="Period" value={period} options={periods} onChange={choosePeriod} />
      </div>
      {period === 'own' && (
        <OwnDates
          key={`${side.from} ${side.to}`}
          zone={zone}
          start={side.from ?? known?.start}
          end={side.to ?? known?.end}
          onChoose={(from, to) => {
            setOwn(false);
            onChange({ ...side, from, to });
          }}
        />
      )}
      <p className={styles.found}>
        {found === undefined ? (
          <>{words(side.from, side.to)}</>
        ) : (
          <>
            {found.rows === 0 ? (
              'No predictions'
            ) : (
              <>
                <strong>{countWords(found.rows)}</strong> predictions, <strong>{shareWords(found.labelled / found.rows)}</strong> with a label
              </>
            )}
            <span className={styles.period}>{windowWords(found.from, found.to, zone)}</span>
          </>
        )}
      </p>
    </section>
  );
}

const rangeOf = (window: Window): Range => ({ from: window.start, to: window.end });

interface OwnDatesProps {
  zone: string;
  start: string | undefined;
  end: string | undefined;
  onChoose: (from: string, to: string) => void;
}

const DAY = 86_400_000;

/** Whole days; the last one is included, as people mean it. */
function OwnDates({ zone, start, end, onChoose }: OwnDatesProps) {
  const [first, setFirst] = useState(start === undefined ? '' : dateIn(instant(startOf(start, zone)), zone));
  const [last, setLast] = useState(end === undefined ? '' : dateIn(instant(startOf(end, zone) - 1), zone));
  const isRange = first !== '' && last !== '' && first <= last;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isRange) onChoose(first, new Date(Date.parse(`${last}T00:00:00Z`) + DAY).toISOString().slice(0, 10));
  };
  return (
    <form className={styles.dates} onSubmit={submit}>
      <label>
        <span>From</span>
        <input type="date" value={first} onChange={(event) => setFirst(event.target.value)} />
      </label>
      <label>
        <span>Through</span>
        <input type="date" value={last} min={first} onChange={(event) => setLast(event.target.value)} />
      </label>
      <Button type="submit" isDisabled={!isRange}>
        Use
      </Button>
    </form>
  );
}
