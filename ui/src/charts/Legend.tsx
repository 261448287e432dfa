// Names the lines of a chart; a chart of one plain line needs no legend.
import type { Limit } from '../api/types';
import { classes } from '../design/classes';
import { type ColourName, seriesColour } from './colours';
import styles from './Legend.module.css';
import type { TimeLine } from './TimeSeries';

interface LegendRowProps {
  lines: readonly TimeLine[];
  limit: Limit | null;
  levels: readonly { name: string; value: number | null; colour?: ColourName }[];
  shaded: readonly { name: string; look?: 'tint' | 'hatched' }[];
}

export function LegendRow({ lines, limit, levels, shaded }: LegendRowProps) {
  const isPlain = lines.length < 2 && limit === null && levels.length === 0 && shaded.length === 0;
  if (isPlain) return null;
  return (
    <ul className={styles.legend} data-legend>
      {lines.map((line, position) => (
        <Entry
          key={line.name}
          name={line.name}
          colour={`var(--${line.colour ?? (line.isFaint ? 'series-faint' : seriesColour(position))})`}
          look={line.isFaint || line.look === 'dashed' ? 'dashed' : line.look === 'bars' ? 'bar' : 'line'}
        />
      ))}
      {levels.map((level) => level.value !== null && <Entry key={level.name} name={level.name} colour={`var(--${level.colour ?? 'series-faint'})`} look="dashed" />)}
      {limit !== null && <Entry name="Limit" colour="var(--broken)" look="dashed" />}
      {[...new Map(shaded.map((stretch) => [stretch.name, stretch])).values()].map((stretch) => (
        <Entry key={stretch.name} name={stretch.name} colour={stretch.look === 'hatched' ? 'var(--neutral)' : 'var(--line-strong)'} look={stretch.look === 'hatched' ? 'hatched' : 'bar'} />
      ))}
    </ul>
  );
}

/** One name with its swatch; for charts that build their own legend. */
export function Entry({ name, colour, look = 'line' }: { name: string; colour: string; look?: 'line' | 'dashed' | 'bar' | 'hollow' | 'hatched' }) {
  return (
    <li className={styles.entry}>
      <span className={classes(styles.swatch, styles[look])} style={{ color: colour }} aria-hidden="true" />
      {name}
    </li>
  );
}

export { styles as legendStyles };
