// What was pressed is shown before the work that it asks for begins.
import { expect, test } from 'vitest';
import { afterPaint } from './afterPaint';

test('the work waits until the next frame was drawn', async () => {
  const order: string[] = [];
  await new Promise<void>((done) => {
    afterPaint(() => {
      order.push('work');
      done();
    });
    // Asked for later, but of the same frame: a browser paints after all of a frame's callbacks.
    requestAnimationFrame(() => order.push('frame'));
    order.push('press');
  });
  expect(order).toEqual(['press', 'frame', 'work']);
});
