// Holds one ECharts instance: makes it, sizes it, gives it new options; the lazy half of EChart.
import { useEffect, useRef } from 'react';
import { useColours } from './colours';
import type { EChartProps } from './EChart';
import { init } from './echarts';

type Instance = ReturnType<typeof init>;

export default function EChartCanvas({ label, makeOptions, height = 220, onPress }: EChartProps) {
  const colours = useColours();
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<Instance | null>(null);
  const press = useRef(onPress);
  press.current = onPress;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = init(element, null, { renderer: 'canvas' });
    made.on('click', (event) => press.current?.(event.dataIndex));
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(
      { animation: false, textStyle: { fontFamily: '"Inter Variable", system-ui, sans-serif' }, ...makeOptions(colours) },
      { notMerge: true },
    );
  }, [makeOptions, colours]);

  return <div ref={holder} style={{ height }} role="img" aria-label={label} />;
}
