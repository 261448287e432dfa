// Lets what was pressed show its own answer before the work that it asks for.

/** Calls after the next frame was painted. */
export function afterPaint(work: () => void): void {
  requestAnimationFrame(() => setTimeout(work));
}
