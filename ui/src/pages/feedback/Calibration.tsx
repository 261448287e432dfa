// Whether scores mean what they say: the share of positives by mean score, with intervals and rows.
import { useCallback } from 'react';
import type { Request } from '../../api/queries';
import type { Performance } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { type Colours, faded } from '../../charts/colours';
import { EChart } from '../../charts/EChart';
import { Entry, legendStyles } from '../../charts/Legend';
import { axisLook, tooltipContent, tooltipLook } from '../../charts/look';
import { countWords, numberWords, shareWords, shortCountWords } from '../../words/numbers';

const [LEFT, RIGHT] = [48, 16];

export function Calibration({ performance, request }: { performance: Performance; request: Request }) {
  const { calibration: points } = performance;
  const makeOptions = useCallback(
    (colours: Colours) => {
      const known = points.filter((point) => point.mean_score !== null && point.positive_share !== null);
      const axis = { ...axisLook(colours), type: 'value', min: 0, max: 1, interval: 0.2 };
      return {
        grid: [
          { left: LEFT, right: RIGHT, top: 8, height: 196 },
          { left: LEFT, right: RIGHT, top: 232, height: 40 },
        ],
        xAxis: [
          { ...axis, gridIndex: 0, axisLabel: { show: false } },
          { ...axis, gridIndex: 1, splitLine: { show: false } },
        ],
        yAxis: [
          { ...axis, gridIndex: 0, axisLabel: { ...axis.axisLabel, formatter: (value: number) => `${Math.round(value * 100)} %` } },
          { ...axisLook(colours), type: 'value', gridIndex: 1, axisLabel: { show: false }, splitLine: { show: false } },
        ],
        tooltip: {
          ...tooltipLook(colours),
          trigger: 'item',
          formatter: ({ dataIndex }: { dataIndex: number }) => {
            const point = known[dataIndex];
            return point === undefined
              ? ''
              : tooltipContent(`Scores ${numberWords(point.from)} – ${numberWords(point.to)}`, [
                  ['Mean score', numberWords(point.mean_score)],
                  ['Positive', shareWords(point.positive_share)],
                  ['Interval', point.interval === null ? 'none' : `${shareWords(point.interval[0])} – ${shareWords(point.interval[1])}`],
                  ['Rows', countWords(point.rows)],
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
            tooltip: { show: false },
          },
          {
            type: 'line',
            data: known.map((point) => [point.mean_score, point.positive_share]),
            symbol: 'circle',
            symbolSize: 8,
            showSymbol: true,
            lineStyle: { color: colours['series-1'], width: 1.75 },
            itemStyle: { color: colours['series-1'], borderColor: colours.surface, borderWidth: 1.5 },
            markLine: {
              silent: true,
              symbol: 'none',
              label: { show: false },
              lineStyle: { color: colours['series-1'], type: 'solid', width: 3, opacity: 0.35, cap: 'round' },
              data: known.flatMap((point) => (point.interval === null ? [] : [[{ coord: [point.mean_score, point.interval[0]] }, { coord: [point.mean_score, point.interval[1]] }]])),
            },
          },
          {
            type: 'bar',
            xAxisIndex: 1,
            yAxisIndex: 1,
            data: known.map((point) => [(point.from + point.to) / 2, point.rows]),
            barWidth: '62%',
            barMinHeight: 1,
            itemStyle: { color: faded(colours['series-faint'], 0.5), borderRadius: [2, 2, 0, 0] },
            label: { show: true, position: 'top', color: colours['text-third'], fontSize: 10.5, formatter: ({ dataIndex }: { dataIndex: number }) => shortCountWords(known[dataIndex]?.rows).replace(' ', '') },
          },
        ],
      };
    },
    [points],
  );
  return (
    <ChartFrame
      title="Calibration"
      note="Share of positives by mean score, and rows of each bin. On the diagonal, scores mean what they say."
      request={request}
      method={{ conventions: ['ece/10-equal-width', 'share'], rows: points.reduce((sum, point) => sum + point.rows, 0) }}
      numbers={() => ({
        columns: ['From', 'To', 'Rows', 'Positives', 'Mean score', 'Share of positives', 'Low', 'High'],
        rows: points.map((point) => [point.from, point.to, point.rows, point.positives, point.mean_score, point.positive_share, point.interval?.[0] ?? null, point.interval?.[1] ?? null]),
      })}
    >
      <ul className={legendStyles.legend} data-legend>
        <Entry name="Labelled predictions, with the interval" colour="var(--series-1)" />
        <Entry name="Perfect" colour="var(--series-faint)" look="dashed" />
        <Entry name="Rows" colour="var(--series-faint)" look="bar" />
      </ul>
      <EChart label="Calibration curve with rows a bin" makeOptions={makeOptions} height={296} />
    </ChartFrame>
  );
}
