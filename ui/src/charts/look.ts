// The look that all ECharts charts share, and the type of their options; imports nothing of ECharts but types.
import type { EChartsCoreOption } from 'echarts/core';
import type { Colours } from './colours';

export type EChartOptions = (colours: Colours) => EChartsCoreOption;

/** The look of an axis; spread it into `xAxis` and `yAxis`. */
export function axisLook(colours: Colours) {
  return {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colours['text-third'], fontSize: 11, hideOverlap: true },
    nameTextStyle: { color: colours['text-third'], fontSize: 11 },
    splitLine: { lineStyle: { color: colours.grid } },
  };
}

/** The look of the tooltip; its content is made by `tooltipContent`, never from a string of HTML. */
export function tooltipLook(colours: Colours) {
  return {
    backgroundColor: colours.raised,
    borderColor: colours.line,
    borderWidth: 1,
    padding: [8, 10],
    confine: true,
    transitionDuration: 0,
    textStyle: { color: colours.text, fontSize: 12, fontFamily: 'inherit' },
  };
}

/** A tooltip as elements: payload text is never markup, and no inline style is needed. */
export function tooltipContent(title: string, lines: readonly [name: string, value: string][]): HTMLElement {
  const box = document.createElement('div');
  const heading = document.createElement('p');
  heading.textContent = title;
  box.append(heading);
  for (const [name, value] of lines) {
    const line = document.createElement('p');
    const strong = document.createElement('strong');
    strong.textContent = value;
    line.append(`${name} `, strong);
    box.append(line);
  }
  return box;
}
