// Quantiles of both sides on one line, as plain SVG: p05 to p95 thin, the middle half thick, the median and the mean marked.
import type { ColumnFigures } from '../../api/types';
import { commonRange, roundTicks } from '../../charts/interval';
import { Entry, legendStyles } from '../../charts/Legend';
import { numberWords, trimZeros } from '../../words/numbers';
import styles from './BoxPlot.module.css';

interface BoxSide {
  name: string;
  quantiles: ColumnFigures['quantiles'];
  mean: number | null;
}

const COLOURS = ['var(--series-1)', 'var(--series-2)'];
const ROW = 52;

export function BoxPlot({ sides, hasLegend = true }: { sides: readonly [BoxSide, BoxSide]; hasLegend?: boolean }) {
  const [low, high] = commonRange(sides.flatMap((side) => [side.quantiles?.p05, side.quantiles?.p95, side.mean]));
  const from = sides.every((side) => (side.quantiles?.p05 ?? side.mean ?? 0) >= 0) ? Math.max(0, low) : low;
  const x = (value: number): string => `${((value - from) / (high - from || 1)) * 100}%`;
  const ticks = roundTicks([from, high]);
  return (
    <div>
      {hasLegend && (
        <ul className={legendStyles.legend}>
          <Entry name="Median, p25 – p75, p05 – p95" colour="var(--text-second)" look="bar" />
          <Entry name="Mean" colour="var(--text-second)" look="hollow" />
        </ul>
      )}
      <div className={styles.plot} aria-hidden="true">
        {sides.map((side, index) => (
          <div key={index} className={styles.row} style={{ color: COLOURS[index] }}>
            <p className={styles.name} title={side.name}>
              {side.name}
            </p>
            <svg className={styles.line} height={ROW}>
              <line x1="0" x2="100%" y1={ROW / 2} y2={ROW / 2} className={styles.axis} />
              {side.quantiles !== null && (
                <>
                  <line x1={x(side.quantiles.p05)} x2={x(side.quantiles.p95)} y1={ROW / 2} y2={ROW / 2} className={styles.wide} />
                  <line x1={x(side.quantiles.p25)} x2={x(side.quantiles.p75)} y1={ROW / 2} y2={ROW / 2} className={styles.middle} />
                  <line x1={x(side.quantiles.p50)} x2={x(side.quantiles.p50)} y1={ROW / 2 - 10} y2={ROW / 2 + 10} className={styles.median} />
                </>
              )}
              {side.mean !== null && <circle cx={x(side.mean)} cy={ROW / 2} r="4" className={styles.mean} />}
            </svg>
          </div>
        ))}
        <div className={styles.ticks}>
          {ticks.map((tick) => (
            <span key={tick} style={{ left: x(tick) }}>
              {trimZeros(numberWords(tick))}
            </span>
          ))}
        </div>
      </div>
    </div>
  );
}
