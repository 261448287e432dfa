// Reads and presses the charts in time as a person does: by their place on the screen.
import { expect, type Locator } from '@playwright/test';

/** The room left of the drawing, for the axis, and right of it. */
const AXIS_PIXELS = 64;
const MARGIN_PIXELS = 18;

/** A point of a chart's drawing, as a share of its width. */
export async function pointAt(chart: Locator, share: number): Promise<{ x: number; y: number }> {
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  if (box === null) throw new Error('the chart is not in sight');
  const width = box.width - AXIS_PIXELS - MARGIN_PIXELS;
  return { x: box.x + AXIS_PIXELS + width * share, y: box.y + box.height * 0.4 };
}

/** Drags over a chart, which selects that stretch of time. */
export async function dragOver(chart: Locator, from: number, to: number): Promise<void> {
  const { mouse } = chart.page();
  const start = await pointAt(chart, from);
  const end = await pointAt(chart, to);
  await mouse.move(start.x, start.y);
  await mouse.down();
  await mouse.move((start.x + end.x) / 2, start.y, { steps: 3 });
  await mouse.move(end.x, end.y, { steps: 3 });
  await mouse.up();
}

/** Moves over a chart until its tooltip names the period, then presses there. */
export async function readPeriod(chart: Locator, period: string): Promise<void> {
  const { mouse } = chart.page();
  const tooltip = chart.locator('[role="status"]');
  for (let share = 0.01; share < 1; share += 0.02) {
    const { x, y } = await pointAt(chart, share);
    await mouse.move(x, y);
    if ((await tooltip.textContent())?.startsWith(period)) {
      await mouse.click(x, y);
      return;
    }
  }
  expect(await tooltip.textContent(), `the tooltip never named ${period}`).toContain(period);
}
