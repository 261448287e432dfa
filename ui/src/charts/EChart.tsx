// A chart that is not one of time, drawn by ECharts; loaded only where a page shows one.
import { Suspense, lazy } from 'react';
import type { EChartOptions } from './look';
import { Skeleton } from '../design/States';

const EChartCanvas = lazy(() => import('./EChartCanvas'));

export interface EChartProps {
  /** What the chart shows, for screen readers; its figures stand under "Numbers". */
  label: string;
  /** Built from the colours of the theme: `makeOptions={(colours) => ({ … })}`; keep it stable with useCallback. */
  makeOptions: EChartOptions;
  height?: number;
  /** Told the index of the item that was pressed. */
  onPress?: (index: number) => void;
}

export function EChart(props: EChartProps) {
  return (
    <Suspense
      fallback={
        <div aria-busy="true">
          <Skeleton height={props.height ?? 220} />
        </div>
      }
    >
      <EChartCanvas {...props} />
    </Suspense>
  );
}
