// How uPlot draws a Heatmap: cells, the share inside them where there is room, the dividing level; knows no component.
import uPlot from 'uplot';
import type { Period } from '../api/types';
import { type Colours, faded, readable } from './colours';
import { cellWords, type HeatRow, heatTicks, placeOf, strongest } from './heat';
import { AXIS_WIDTH, FONT, listen, RIGHT_MARGIN, select, timeAxis, timeRange } from './plot';

export interface DrawnHeat {
  periods: readonly Period[];
  rows: readonly HeatRow[];
  level: { name: string; value: number } | null;
  colours: Colours;
  zone: string;
}

interface Listeners {
  onCursor: (period: number | null, row: number) => void;
  onZoom: (startMilliseconds: number, endMilliseconds: number) => void;
  onReset: () => void;
  onPress: (index: number) => void;
}

const LABEL_HEIGHT = 14;
const TOP = 8;
/** The strongest colour lets the figures in the cells be read. */
const STRONGEST_OPACITY = 0.85;

export function heatOptions(width: number, height: number, drawn: { readonly current: DrawnHeat }, listeners: Listeners): uPlot.Options {
  const { colours, zone } = drawn.current;
  const ticks = (plot: uPlot) => heatTicks(drawn.current.rows, (LABEL_HEIGHT * drawn.current.rows.length) / (plot.over.clientHeight || height));
  return {
    width,
    height,
    padding: [TOP, RIGHT_MARGIN, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    cursor: { sync: { key: 'time' }, drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
    scales: { x: { time: true, range: () => timeRange(drawn.current) }, y: { range: () => [0, Math.max(1, drawn.current.rows.length)] } },
    axes: [
      { ...timeAxis(colours, zone, true), grid: { show: false } },
      {
        stroke: colours['text-third'],
        font: FONT,
        size: AXIS_WIDTH,
        gap: 8,
        grid: { show: false },
        ticks: { show: false },
        splits: (plot) => ticks(plot).map((tick) => tick.at),
        values: (plot) => ticks(plot).map((tick) => tick.words),
      },
    ],
    series: [{}, { show: true, points: { show: false } }],
    hooks: {
      draw: [(plot) => draw(plot, drawn.current)],
      setCursor: [
        (plot) => {
          const { idx, top } = plot.cursor;
          const row = Math.floor(plot.posToVal(top ?? 0, 'y'));
          listeners.onCursor(idx ?? null, Math.max(0, Math.min(drawn.current.rows.length - 1, row)));
        },
      ],
      setSelect: [(plot) => select(plot, drawn.current, listeners)],
      ready: [(plot) => listen(plot, listeners)],
    },
  };
}

function draw(plot: uPlot, { periods, rows, level, colours }: DrawnHeat): void {
  const { ctx: context } = plot;
  const pixel = uPlot.pxRatio;
  const strong = strongest(rows);
  context.save();
  context.font = FONT.replace('11px', `${10.5 * pixel}px`);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const [index, period] of periods.entries()) {
    const left = plot.valToPos(Date.parse(period.start) / 1_000, 'x', true);
    const right = plot.valToPos(Date.parse(period.end) / 1_000, 'x', true);
    const gap = right - left > 6 * pixel ? pixel : 0;
    for (const [place, row] of rows.entries()) {
      const share = row.shares[index] ?? null;
      if (share === null) continue;
      const top = plot.valToPos(place + 1, 'y', true);
      const [width, height] = [right - left - gap, plot.valToPos(place, 'y', true) - top - pixel];
      const difference = share - (row.referenceShare ?? 0);
      const opacity = Math.min(1, Math.abs(difference) / strong) ** 0.8 * STRONGEST_OPACITY;
      const colour = colours[difference >= 0 ? 'series-1' : 'series-6'];
      context.fillStyle = faded(colours.neutral, 0.08);
      context.fillRect(left, top, width, height);
      context.fillStyle = faded(colour, opacity);
      context.fillRect(left, top, width, height);
      if (width < 34 * pixel || height < 12 * pixel) continue;
      context.fillStyle = readable(colour, opacity, colours);
      context.fillText(cellWords(share), left + width / 2, top + height / 2 + pixel * 0.5);
    }
  }
  const at = level === null ? null : placeOf(rows, level.value);
  if (at !== null) {
    const y = Math.round(plot.valToPos(at, 'y', true)) + 0.5;
    context.strokeStyle = colours.text;
    context.lineWidth = 1.5 * pixel;
    context.setLineDash([6 * pixel, 3 * pixel]);
    context.beginPath();
    context.moveTo(plot.bbox.left, y);
    context.lineTo(plot.bbox.left + plot.bbox.width, y);
    context.stroke();
  }
  context.restore();
}
