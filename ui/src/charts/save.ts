// Saves a chart as an image or its figures as CSV; both are made here, nothing is sent.
import type { NumberCell, Numbers } from './NumbersTable';

const MARGIN = 20;
const TITLE_HEIGHT = 34;

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const fileName = (title: string, ending: string): string =>
  `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')}.${ending}`;

export function saveCsv(numbers: Numbers, title: string): void {
  save(new Blob([csvOf(numbers)], { type: 'text/csv' }), fileName(title, 'csv'));
}

export function csvOf({ columns, rows }: Numbers): string {
  return [columns, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n');
}

function csvCell(cell: NumberCell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  // A spreadsheet would run what begins like a formula.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Puts every canvas of the element on one image, where it stands, under the title and the legend. */
export function savePng(element: HTMLElement, title: string): void {
  const canvases = [...element.querySelectorAll('canvas')];
  const box = element.getBoundingClientRect();
  const scale = devicePixelRatio;
  const image = document.createElement('canvas');
  image.width = (box.width + 2 * MARGIN) * scale;
  image.height = (box.height + 2 * MARGIN + TITLE_HEIGHT) * scale;
  const context = image.getContext('2d');
  if (context === null) return;
  const style = getComputedStyle(element);
  context.scale(scale, scale);
  context.fillStyle = surfaceOf(element);
  context.fillRect(0, 0, image.width, image.height);
  context.fillStyle = style.color;
  context.textBaseline = 'top';
  context.font = `600 15px ${style.fontFamily}`;
  context.fillText(title, MARGIN, MARGIN);
  for (const entry of element.querySelectorAll<HTMLElement>('[data-legend] > li')) drawEntry(context, entry, box);
  for (const canvas of canvases) {
    const place = canvas.getBoundingClientRect();
    context.drawImage(canvas, place.left - box.left + MARGIN, place.top - box.top + MARGIN + TITLE_HEIGHT, place.width, place.height);
  }
  image.toBlob((blob) => {
    if (blob !== null) save(blob, fileName(title, 'png'));
  });
}

function drawEntry(context: CanvasRenderingContext2D, entry: HTMLElement, box: DOMRect): void {
  const place = entry.getBoundingClientRect();
  const swatch = entry.querySelector('span');
  const left = place.left - box.left + MARGIN;
  const middle = place.top - box.top + MARGIN + TITLE_HEIGHT + place.height / 2;
  const style = getComputedStyle(entry);
  context.save();
  context.fillStyle = swatch === null ? style.color : getComputedStyle(swatch).color;
  context.fillRect(left, middle - 2, 12, 4);
  context.fillStyle = style.color;
  context.textBaseline = 'middle';
  context.font = `${style.fontSize} ${style.fontFamily}`;
  context.fillText(entry.textContent ?? '', left + 20, middle);
  context.restore();
}

function surfaceOf(element: HTMLElement): string {
  for (let each: HTMLElement | null = element; each !== null; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    if (colour !== '' && colour !== 'transparent' && !colour.startsWith('rgba(0, 0, 0, 0')) return colour;
  }
  return '#fff';
}
