// How uPlot draws a TimeSeries: axes, bands, limits, markers, verdicts; knows no component.
import uPlot from 'uplot';
import type { Limit } from '../api/types';
import { numberWords, trimZeros } from '../words/numbers';
import { tickWords } from '../words/times';
import { type Colours, faded, seriesColour } from './colours';
import { drawMark } from './marks';
import type { TimeLine, TimeSeriesProps } from './TimeSeries';

/** What is drawn, read anew at each stroke. */
export type Drawn = TimeSeriesProps & { colours: Colours; zone: string };

interface Listeners {
  onCursor: (index: number | null) => void;
  onZoom: (startMilliseconds: number, endMilliseconds: number) => void;
  onReset: () => void;
  onPress: (index: number) => void;
}

/** As `--axis-width` of the tokens. */
export const AXIS_WIDTH = 64;
export const RIGHT_MARGIN = 18;
export const FONT = '11px "Inter Variable", system-ui, sans-serif';
/** A limit that is further than this many data heights away is named at the edge and not drawn to scale. */
const FAR_LIMIT = 2.5;

export function plotOptions(width: number, height: number, drawn: { readonly current: Drawn }, listeners: Listeners): uPlot.Options {
  const { colours, zone, lines, hidesTime } = drawn.current;
  return {
    width,
    height,
    padding: [10, RIGHT_MARGIN, hidesTime ? 6 : 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    cursor: {
      sync: { key: 'time' },
      drag: { x: true, y: false, setScale: false },
      points: { size: 8, width: 2, fill: (_, index) => lineColour(lines[index - 1], index - 1, colours), stroke: () => colours.surface },
      y: false,
    },
    scales: {
      x: { time: true, range: () => timeRange(drawn.current) },
      y: { range: () => valueRange(drawn.current) },
    },
    axes: [
      timeAxis(colours, zone, !hidesTime),
      {
        stroke: colours['text-third'],
        font: FONT,
        size: AXIS_WIDTH,
        gap: 8,
        space: 36,
        grid: { show: true, stroke: colours.grid, width: 1 },
        ticks: { show: false },
        ...(drawn.current.axisSteps === undefined ? {} : { incrs: [...drawn.current.axisSteps] }),
        values: (_, splits) => splits.map((value) => axisWords(drawn.current, value)),
      },
    ],
    series: [{}, ...lines.map((line, position) => seriesOptions(line, position, colours))],
    hooks: {
      drawAxes: [(plot) => drawBehind(plot, drawn.current)],
      draw: [(plot) => drawBefore(plot, drawn.current)],
      setCursor: [(plot) => listeners.onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => select(plot, drawn.current, listeners)],
      ready: [(plot) => listen(plot, listeners)],
    },
  };
}

export const timeAxis = (colours: Colours, zone: string, isShown: boolean): uPlot.Axis => ({
  show: isShown,
  stroke: colours['text-third'],
  font: FONT,
  size: 28,
  gap: 6,
  space: 72,
  grid: { show: true, stroke: colours.grid, width: 1 },
  ticks: { show: false },
  values: (_plot, splits, _axis, _space, step) =>
    splits.map((seconds, index) => tickWords(seconds * 1_000, step, index === 0, zone)),
});

const axisWords = ({ axisFormat, format }: Drawn, value: number): string => trimZeros((axisFormat ?? format ?? numberWords)(value));

const lineColour = (line: TimeLine | undefined, position: number, colours: Colours): string =>
  colours[line?.colour ?? (line?.isFaint ? 'series-faint' : seriesColour(position))];

function seriesOptions(line: TimeLine, position: number, colours: Colours): uPlot.Series {
  const colour = lineColour(line, position, colours);
  const isDashed = line.look === 'dashed' || line.isFaint === true;
  const series: uPlot.Series = {
    label: line.name,
    stroke: colour,
    width: line.isFaint ? 1.25 : 1.75,
    spanGaps: false,
    points: { show: (_plot, index) => line.verdicts === undefined && isLonely(line.values, index), size: 5, fill: colour },
    ...(isDashed ? { dash: [4, 4] } : {}),
  };
  if (line.look === 'bars' && uPlot.paths.bars !== undefined) {
    const opacity = line.isFaint ? 0.3 : 0.55;
    return { ...series, width: 0, fill: faded(colour, opacity), paths: uPlot.paths.bars({ size: [0.72, 64, 1], radius: 0.15 }), points: { show: false } };
  }
  if (line.look === 'steps' && uPlot.paths.stepped !== undefined) return { ...series, paths: uPlot.paths.stepped({ align: 1 }) };
  return series;
}

/** A line without verdict marks shows points only where there would be nothing to see otherwise. */
function isLonely(values: TimeLine['values'], _series: number): boolean {
  return values.some((value, index) => value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null);
}

export function timeRange({ periods }: Pick<Drawn, 'periods'>): [number, number] {
  const first = periods[0];
  const last = periods.at(-1);
  if (first === undefined || last === undefined) return [0, 1];
  return [Date.parse(first.start) / 1_000, Date.parse(last.end) / 1_000];
}

const limitValues = (limit: Limit | null | undefined): number[] => {
  if (limit === null || limit === undefined) return [];
  if ('at_least' in limit) return [limit.at_least];
  if ('at_most' in limit) return [limit.at_most];
  return [...limit.within];
};

/** The value axis: all figures and their bands, and limits that are not far away. */
export function valueRange({ lines, limit, levels, bounds, startsAtZero }: Drawn): [number, number] {
  if (bounds !== undefined) return [bounds[0], bounds[1]];
  const values: number[] = [];
  const add = (numbers: readonly (number | null)[]): void => {
    for (const value of numbers) if (value !== null && Number.isFinite(value)) values.push(value);
  };
  for (const line of lines) {
    add(line.values);
    for (const band of line.bands ?? []) {
      add(band.low);
      add(band.high);
    }
  }
  add((levels ?? []).map((level) => level.value));
  if (startsAtZero || lines.some((line) => line.look === 'bars')) values.push(0);
  if (values.length === 0) values.push(...limitValues(limit), 0);
  let low = Math.min(...values);
  let high = Math.max(...values);
  const height = high - low || Math.abs(high) || 1;
  for (const value of limitValues(limit)) {
    if (value > high && value - high <= height * FAR_LIMIT) high = value;
    if (value < low && low - value <= height * FAR_LIMIT) low = value;
  }
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  const isPositive = low >= 0;
  return [isPositive ? Math.max(0, low - room) : low - room, high + room];
}

function drawBehind(plot: uPlot, drawn: Drawn): void {
  const { ctx: context, bbox: box } = plot;
  const { colours, lines } = drawn;
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width, box.height);
  context.clip();
  for (const stretch of drawn.shaded ?? []) {
    const left = plot.valToPos(Date.parse(stretch.start) / 1_000, 'x', true);
    const right = plot.valToPos(Date.parse(stretch.end) / 1_000, 'x', true);
    if (stretch.look === 'hatched') hatch(context, left, box.top, right - left, box.height, faded(colours.neutral, 0.4));
    else {
      context.fillStyle = faded(colours.neutral, 0.13);
      context.fillRect(left, box.top, right - left, box.height);
    }
  }
  for (const [position, line] of lines.entries()) {
    for (const band of line.bands ?? []) drawBand(plot, band, faded(lineColour(line, position, colours), 0.16));
  }
  context.restore();
}

/** Slanted lines: a stretch of which not all is known yet. */
function hatch(context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, colour: string): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = uPlot.pxRatio;
  const step = 6 * uPlot.pxRatio;
  for (let x = left - height; x < left + width; x += step) line(context, x, top + height, x + height, top);
  context.restore();
}

function drawBand(plot: uPlot, band: NonNullable<TimeLine['bands']>[number], colour: string): void {
  const { ctx: context } = plot;
  const times = plot.data[0];
  let run: number[] = [];
  const flush = (): void => {
    if (run.length > 0) {
      const place = (index: number, value: number): [number, number] => [
        plot.valToPos(times[index] ?? 0, 'x', true),
        plot.valToPos(value, 'y', true),
      ];
      context.beginPath();
      for (const index of run) context.lineTo(...place(index, band.high[index] ?? 0));
      for (const index of run.toReversed()) context.lineTo(...place(index, band.low[index] ?? 0));
      context.closePath();
      context.fillStyle = colour;
      context.fill();
      if (run.length === 1) drawWhisker(plot, run[0] ?? 0, band, colour);
    }
    run = [];
  };
  for (const index of times.keys()) {
    const isThere = (band.low[index] ?? null) !== null && (band.high[index] ?? null) !== null;
    if (isThere) run.push(index);
    else flush();
  }
  flush();
}

/** A band of one point has no width; a bar shows it. */
function drawWhisker(plot: uPlot, index: number, band: NonNullable<TimeLine['bands']>[number], colour: string): void {
  const x = plot.valToPos(plot.data[0][index] ?? 0, 'x', true);
  const top = plot.valToPos(band.high[index] ?? 0, 'y', true);
  const bottom = plot.valToPos(band.low[index] ?? 0, 'y', true);
  const half = 3 * uPlot.pxRatio;
  plot.ctx.fillStyle = colour;
  plot.ctx.fillRect(x - half, top, half * 2, bottom - top);
}

function drawBefore(plot: uPlot, drawn: Drawn): void {
  const { ctx: context, bbox: box } = plot;
  const { colours } = drawn;
  const pixel = uPlot.pxRatio;
  context.save();
  context.lineWidth = pixel;
  context.font = FONT.replace('11px', `${11 * pixel}px`);
  for (const level of drawn.levels ?? []) {
    if (level.value !== null) rule(plot, level.value, colours[level.colour ?? 'series-faint'], level.colour === undefined ? [2 * pixel, 3 * pixel] : [6 * pixel, 3 * pixel]);
  }
  for (const value of limitValues(drawn.limit)) drawLimit(plot, value, drawn);
  for (const marker of drawn.markers ?? []) {
    const x = plot.valToPos(Date.parse(marker.at) / 1_000, 'x', true);
    if (x < box.left || x > box.left + box.width) continue;
    context.strokeStyle = colours['text-third'];
    context.setLineDash([pixel, 3 * pixel]);
    line(context, x, box.top, x, box.top + box.height);
    context.setLineDash([]);
    context.fillStyle = colours['text-third'];
    context.beginPath();
    context.moveTo(x - 3.5 * pixel, box.top - 6 * pixel);
    context.lineTo(x + 3.5 * pixel, box.top - 6 * pixel);
    context.lineTo(x, box.top);
    context.fill();
  }
  for (const each of drawn.lines) {
    for (const [index, verdict] of (each.verdicts ?? []).entries()) {
      const [time, value] = [plot.data[0][index], each.values[index] ?? null];
      if (time === undefined || value === null) continue;
      const isDense = plot.data[0].length > 60;
      if (isDense && (verdict === 'healthy' || verdict === 'unjudged')) continue;
      const radius = (isDense ? 2.4 : 3.6) * pixel;
      drawMark(context, verdict, plot.valToPos(time, 'x', true), plot.valToPos(value, 'y', true), radius, colours);
    }
  }
  context.restore();
}

function drawLimit(plot: uPlot, value: number, drawn: Drawn): void {
  const { ctx: context, bbox: box } = plot;
  const colour = drawn.colours.broken;
  const [low, high] = valueRange(drawn);
  if (value >= low && value <= high) {
    rule(plot, value, colour, [5 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
    return;
  }
  const isAbove = value > high;
  context.fillStyle = drawn.colours['text-third'];
  context.textAlign = 'right';
  context.textBaseline = isAbove ? 'top' : 'bottom';
  const words = `limit ${trimZeros((drawn.format ?? numberWords)(value))} ${isAbove ? '↑' : '↓'}`;
  context.fillText(words, box.left + box.width - 4, isAbove ? box.top + 2 : box.top + box.height - 2);
}

function rule(plot: uPlot, value: number, colour: string, dash: number[]): void {
  const { ctx: context, bbox: box } = plot;
  const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5;
  if (y < box.top || y > box.top + box.height) return;
  context.strokeStyle = colour;
  context.setLineDash(dash);
  line(context, box.left, y, box.left + box.width, y);
  context.setLineDash([]);
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

/** A drag chooses whole periods; less than a few pixels is no drag. */
export function select(plot: uPlot, { periods }: Pick<Drawn, 'periods'>, { onZoom }: Pick<Listeners, 'onZoom'>): void {
  const { left, width } = plot.select;
  if (width < 6) return;
  const start = plot.posToVal(left, 'x') * 1_000;
  const end = plot.posToVal(left + width, 'x') * 1_000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  const touched = periods.filter((period) => Date.parse(period.end) > start && Date.parse(period.start) < end);
  const [first, last] = [touched[0], touched.at(-1)];
  if (first !== undefined && last !== undefined) onZoom(Date.parse(first.start), Date.parse(last.end));
}

export function listen(plot: uPlot, { onReset, onPress }: Pick<Listeners, 'onReset' | 'onPress'>): void {
  let pressedAt = 0;
  plot.over.addEventListener('mousedown', (event) => {
    pressedAt = event.clientX;
  });
  plot.over.addEventListener('click', (event) => {
    const index = plot.cursor.idx;
    if (Math.abs(event.clientX - pressedAt) < 4 && index !== null && index !== undefined) onPress(index);
  });
  plot.over.addEventListener('dblclick', onReset);
}
