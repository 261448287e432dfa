// The ROC curve of the range, with the spec's thresholds on it.
import { useCallback } from 'react';
import type { Request } from '../../api/queries';
import type { Performance } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import type { Colours } from '../../charts/colours';
import { EChart } from '../../charts/EChart';
import { Entry, legendStyles } from '../../charts/Legend';
import { axisLook, tooltipContent, tooltipLook } from '../../charts/look';
import { countWords, numberWords, shareWords } from '../../words/numbers';

const percent = (value: number): string => `${Math.round(value * 100)} %`;

export function RocCurve({ performance, request }: { performance: Performance; request: Request }) {
  const { roc, roc_auc: area, confusion } = performance;
  const makeOptions = useCallback(
    (colours: Colours) => {
      const axis = { ...axisLook(colours), type: 'value', min: 0, max: 1, interval: 0.2, nameLocation: 'middle' };
      const marked = confusion.map((found) => ({
        threshold: found.threshold,
        value: [found.false_positives / (found.false_positives + found.true_negatives || 1), found.true_positives / (found.true_positives + found.false_negatives || 1)],
      }));
      return {
        grid: { left: 48, right: 16, top: 8, bottom: 40 },
        xAxis: { ...axis, name: 'Negatives taken for positive', nameGap: 26, axisLabel: { ...axis.axisLabel, formatter: percent } },
        yAxis: { ...axis, axisLabel: { ...axis.axisLabel, formatter: percent } },
        tooltip: {
          ...tooltipLook(colours),
          trigger: 'axis',
          axisPointer: { lineStyle: { color: colours['line-strong'] } },
          formatter: (items: { seriesIndex: number; dataIndex: number }[]) => {
            const point = roc[items.find((item) => item.seriesIndex === 1)?.dataIndex ?? -1];
            return point === undefined
              ? ''
              : tooltipContent('On the curve', [
                  ['Positives found', shareWords(point.true_positive_rate)],
                  ['Negatives taken for positive', shareWords(point.false_positive_rate)],
                ]);
          },
        },
        series: [
          {
            type: 'line',
            silent: true,
            showSymbol: false,
            data: [
              [0, 0],
              [1, 1],
            ],
            lineStyle: { color: colours['series-faint'], type: [4, 4], width: 1.25 },
          },
          {
            type: 'line',
            showSymbol: false,
            data: roc.map((point) => [point.false_positive_rate, point.true_positive_rate]),
            lineStyle: { color: colours['series-1'], width: 1.75 },
            itemStyle: { color: colours['series-1'] },
            areaStyle: { color: colours['series-1'], opacity: 0.07 },
            emphasis: { disabled: true },
          },
          {
            type: 'scatter',
            data: marked.map((mark) => mark.value),
            symbolSize: 10,
            itemStyle: { color: colours.text, borderColor: colours.surface, borderWidth: 1.5 },
            label: {
              show: true,
              position: 'right',
              color: colours.text,
              fontSize: 11,
              formatter: ({ dataIndex }: { dataIndex: number }) => `threshold ${numberWords(marked[dataIndex]?.threshold)}`,
            },
          },
        ],
      };
    },
    [roc, confusion],
  );
  const labelled = performance.labelled.reduce((sum, rows) => sum + rows, 0);
  return (
    <ChartFrame
      title="ROC curve"
      note={`Positives found against negatives taken for positive, at every threshold, over ${countWords(labelled)} labelled predictions.`}
      request={request}
      method={{ conventions: ['roc_auc'], rows: labelled }}
      numbers={() => ({ columns: ['False positive rate', 'True positive rate'], rows: roc.map((point) => [point.false_positive_rate, point.true_positive_rate]) })}
    >
      <ul className={legendStyles.legend} data-legend>
        <Entry name={`Area ${numberWords(area)}`} colour="var(--series-1)" />
        <Entry name="By chance, 0.5" colour="var(--series-faint)" look="dashed" />
      </ul>
      <EChart label="ROC curve" makeOptions={makeOptions} height={296} />
    </ChartFrame>
  );
}
