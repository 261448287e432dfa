// Lines or bars over periods, with limits, intervals, markers and verdicts; drag selects a range for the whole page.
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Limit, Marker, Period, Verdict, Window } from '../api/types';
import { VerdictMark } from '../design/Verdict';
import { useScope } from '../scope/scope';
import { useZone } from '../scope/zone';
import { countWords, numberWords } from '../words/numbers';
import { shortPeriodWords } from '../words/times';
import { verdictName } from '../words/verdicts';
import { type ColourName, useColours } from './colours';
import { LegendRow } from './Legend';
import { type Drawn, plotOptions } from './plot';
import styles from './TimeSeries.module.css';

export interface TimeLine {
  name: string;
  values: readonly (number | null)[];
  colour?: ColourName;
  /** `line` (default), `dashed`, `steps`, or `bars`. */
  look?: 'line' | 'dashed' | 'steps' | 'bars';
  /** A faint line stands for what it is compared with: the previous period or the reference. */
  isFaint?: boolean;
  /** Bands around the line, the widest first: an interval, or pairs of quantiles. */
  bands?: readonly { low: readonly (number | null)[]; high: readonly (number | null)[] }[];
  /** What bands mean, for the tooltip: "interval", "p05 – p95". */
  bandName?: string;
  /** A mark at each point. */
  verdicts?: readonly Verdict[];
  /** Sample size of each point, told in the tooltip. */
  rows?: readonly number[];
}

export interface TimeSeriesProps {
  /** What the chart shows, for screen readers. */
  label: string;
  periods: readonly Period[];
  lines: readonly TimeLine[];
  limit?: Limit | null;
  /** Horizontal lines that stand for one value, such as the reference's. */
  levels?: readonly { name: string; value: number | null; colour?: ColourName }[];
  markers?: readonly Marker[];
  /** Stretches of time with a tint, such as the reference period, or hatched: what is still to come. */
  shaded?: readonly (Window & { name: string; look?: 'tint' | 'hatched' })[];
  /** Writes a value with its unit. */
  format?: (value: number) => string;
  /** Writes a value at the axis, where `format` is too long. */
  axisFormat?: (value: number) => string;
  /** Steps of the value axis where tens and fives are not round, as with durations. */
  axisSteps?: readonly number[];
  height?: number;
  /** Bars stand on zero anyway; this makes lines do so too. */
  startsAtZero?: boolean;
  /** Fixed ends of the value axis, where they carry meaning. */
  bounds?: readonly [number, number];
  /** Leaves the time labels to a chart below on the same axis. */
  hidesTime?: boolean;
  hidesLegend?: boolean;
  /** Told which period was clicked or opened with Enter. */
  onOpen?: (index: number) => void;
}

export function TimeSeries(props: TimeSeriesProps) {
  const { label, periods, lines, height = 180, format = numberWords, onOpen } = props;
  const colours = useColours();
  const zone = useZone();
  const { zoomTo, reset, from } = useScope();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [width, setWidth] = useState(0);
  const [cursor, setCursor] = useState<number | null>(null);
  const [isHere, setHere] = useState(false);
  const tooltipId = useId();

  useLayoutEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // What the drawing reads at every stroke; new figures need no new plot.
  const drawn = useRef<Drawn>(null!);
  drawn.current = { ...props, colours, zone };
  const actions = useRef({ zoomTo, reset, onOpen, from });
  actions.current = { zoomTo, reset, onOpen, from };

  const data = useMemo(() => toData(periods, lines), [periods, lines]);
  // A new plot is made only when its structure changes: theme, zone, the kind of lines.
  const structure = JSON.stringify([
    lines.map(({ look, isFaint, colour }) => [look, isFaint, colour]),
    props.hidesTime,
    zone,
    colours.surface,
    height,
    width > 0,
  ]);

  useEffect(() => {
    const element = holder.current;
    if (element === null || width === 0) return;
    const made = new uPlot(
      plotOptions(width, height, drawn, {
        onCursor: setCursor,
        onZoom: (start, end) => actions.current.zoomTo(start, end),
        onReset: () => {
          if (actions.current.from !== undefined) actions.current.reset();
        },
        onPress: (index) => actions.current.onOpen?.(index),
      }),
      data,
      element,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
    // `structure` stands for all a plot is made of; size and figures have effects of their own below.
  }, [structure]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data, props.limit, props.levels, props.markers, props.shaded, props.bounds]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const last = periods.length - 1;
    const now = cursor ?? last + (event.key === 'ArrowLeft' ? 1 : 0);
    const moves: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: cursor === null ? 0 : now + 1, Home: 0, End: last };
    const next = moves[event.key];
    if (next !== undefined) {
      showCursor(plot.current, Math.max(0, Math.min(last, next)));
      setCursor(Math.max(0, Math.min(last, next)));
    } else if (event.key === 'Enter' && cursor !== null && onOpen !== undefined) onOpen(cursor);
    else return;
    event.preventDefault();
  };

  const period = cursor === null ? undefined : periods[cursor];
  return (
    <div className={styles.chart}>
      {!props.hidesLegend && <LegendRow lines={lines} limit={props.limit ?? null} levels={props.levels ?? []} shaded={props.shaded ?? []} />}
      <div
        ref={holder}
        className={styles.holder}
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-roledescription="chart"
        aria-label={`${label}. ${periods.length} periods; arrow keys read them.`}
        aria-describedby={tooltipId}
        onKeyDown={onKeyDown}
        onMouseEnter={() => setHere(true)}
        onMouseLeave={() => setHere(false)}
        onFocus={() => setHere(true)}
        onBlur={() => {
          setHere(false);
          setCursor(null);
          plot.current?.setCursor({ left: -10, top: -10 });
        }}
      >
        <div
          id={tooltipId}
          role="status"
          className={styles.tooltip}
          hidden={!isHere || period === undefined}
          style={tooltipPlace(plot.current, cursor)}
        >
          {period !== undefined && cursor !== null && (
            <>
              <p className={styles.period}>{shortPeriodWords(period)}</p>
              <ul>
                {lines.map((line) => (
                  <TooltipLine key={line.name} line={line} index={cursor} format={format} />
                ))}
              </ul>
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function TooltipLine({ line, index, format }: { line: TimeLine; index: number; format: (value: number) => string }) {
  const value = line.values[index];
  const verdict = line.verdicts?.[index];
  const rows = line.rows?.[index];
  const band = line.bands?.[0];
  const [low, high] = [band?.low[index], band?.high[index]];
  return (
    <li className={styles.reading}>
      <span className={styles.readingName}>{line.name}</span>
      <strong>{value === null || value === undefined ? 'no value' : format(value)}</strong>
      {low !== null && low !== undefined && high !== null && high !== undefined && (
        <span className={styles.detail}>
          {line.bandName ?? 'interval'} {format(low)} – {format(high)}
        </span>
      )}
      {(verdict !== undefined || rows !== undefined) && (
        <span className={styles.detail}>
          {verdict !== undefined && (
            <>
              <VerdictMark verdict={verdict} size={10} /> {verdictName(verdict)}
            </>
          )}
          {verdict !== undefined && rows !== undefined && ' · '}
          {rows !== undefined && `${countWords(rows)} rows`}
        </span>
      )}
    </li>
  );
}

/** Points stand in the middle of their period, so that charts line up with strips of cells. */
function toData(periods: readonly Period[], lines: readonly TimeLine[]): uPlot.AlignedData {
  const times = periods.map((period) => (Date.parse(period.start) + Date.parse(period.end)) / 2_000);
  return [times, ...lines.map((line) => periods.map((_, index) => line.values[index] ?? null))];
}

function showCursor(plot: uPlot | null, index: number): void {
  const time = plot?.data[0]?.[index];
  if (plot === null || time === undefined) return;
  plot.setCursor({ left: plot.valToPos(time, 'x'), top: plot.over.clientHeight / 3 });
}

function tooltipPlace(plot: uPlot | null, index: number | null): { left?: number; right?: number } {
  const time = index === null ? undefined : plot?.data[0]?.[index];
  if (plot === null || time === undefined) return {};
  const left = plot.valToPos(time, 'x') + plot.over.offsetLeft;
  const isRight = left > plot.width * 0.55;
  return isRight ? { right: plot.width - left + 12 } : { left: left + 12 };
}

