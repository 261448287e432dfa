// Draws the verdict marks on a canvas, in the shapes of VerdictMark.
import type { Verdict } from '../api/types';
import { toneOf } from '../design/Verdict';
import type { Colours } from './colours';

/** `radius` in canvas pixels. */
export function drawMark(context: CanvasRenderingContext2D, verdict: Verdict, x: number, y: number, radius: number, colours: Colours): void {
  const colour = colours[toneOf(verdict)];
  context.save();
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = radius * 0.42;
  context.lineCap = 'round';
  context.setLineDash([]);
  context.beginPath();
  switch (verdict) {
    case 'broken':
      context.arc(x, y, radius * 1.35, 0, Math.PI * 2);
      context.fill();
      context.strokeStyle = colours.surface;
      context.beginPath();
      cross(context, x, y, radius * 0.5);
      context.stroke();
      break;
    case 'drifted':
      triangle(context, x, y, radius * 1.3);
      context.fill();
      break;
    case 'healthy':
      context.arc(x, y, radius * 0.8, 0, Math.PI * 2);
      context.fill();
      break;
    default:
      if (verdict === 'insufficient_sample') triangle(context, x, y, radius * 1.2);
      else context.arc(x, y, radius, 0, Math.PI * 2);
      context.fillStyle = colours.surface;
      context.fill();
      if (verdict === 'not_observed' || verdict === 'no_data') context.setLineDash([radius * 0.5, radius * 0.7]);
      context.stroke();
  }
  context.restore();
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.moveTo(x, y - radius);
  context.lineTo(x + radius * 0.95, y + radius * 0.72);
  context.lineTo(x - radius * 0.95, y + radius * 0.72);
  context.closePath();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, half: number): void {
  context.moveTo(x - half, y - half);
  context.lineTo(x + half, y + half);
  context.moveTo(x + half, y - half);
  context.lineTo(x - half, y + half);
}
