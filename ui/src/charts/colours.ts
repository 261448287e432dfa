// The colours of the design tokens as a canvas needs them: resolved for the theme at hand.
import { useMemo } from 'react';
import { useTheme } from '../design/theme';

const NAMES = [
  'surface',
  'raised',
  'text',
  'text-second',
  'text-third',
  'line',
  'line-strong',
  'grid',
  'accent',
  'accent-soft',
  'broken',
  'drifted',
  'healthy',
  'neutral',
  'series-1',
  'series-2',
  'series-3',
  'series-4',
  'series-5',
  'series-6',
  'series-faint',
] as const;

export type ColourName = (typeof NAMES)[number];
export type Colours = Readonly<Record<ColourName, string>>;

const known = new Map<string, Colours>();

/** The theme must be the one that is shown: its colours are read off the page, once. */
function coloursOf(theme: string): Colours {
  const found = known.get(theme) ?? readColours();
  known.set(theme, found);
  return found;
}

function readColours(): Colours {
  const probe = document.createElement('i');
  probe.style.transition = 'none';
  document.body.append(probe);
  const read = (name: ColourName): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<ColourName, string>;
  probe.remove();
  return colours;
}

export function useColours(): Colours {
  const theme = useTheme();
  return useMemo(() => coloursOf(theme), [theme]);
}

const SERIES: readonly ColourName[] = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6'];

/** The colour of the nth line. */
export const seriesColour = (position: number): ColourName => SERIES[position % SERIES.length] ?? 'series-1';

/** A colour with less opacity. */
export const faded = (colour: string, opacity: number): string =>
  colour.replace(/^rgba?\(([^)]+)\)$/, (_, parts: string) => {
    const [red, green, blue] = parts.split(',').map((part) => part.trim());
    return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
  });

/** The colour of words on a tint of `opacity` over the surface: the text's or the surface's own, whichever is told apart better. */
export function readable(tint: string, opacity: number, colours: Pick<Colours, 'surface' | 'text'>): string {
  const [over, under, text] = [lightness(tint), lightness(colours.surface), lightness(colours.text)];
  const mixed = under + (over - under) * opacity;
  return Math.abs(mixed - text) >= Math.abs(mixed - under) ? colours.text : colours.surface;
}

/** Perceived lightness from 0 to 1 of an `rgb()` colour. */
function lightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
