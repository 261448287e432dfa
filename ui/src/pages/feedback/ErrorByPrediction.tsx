// Where the model says too much or too little: its error by what it predicted.
import { useCallback } from 'react';
import type { Request } from '../../api/queries';
import type { ErrorGroup, Performance } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import type { Colours } from '../../charts/colours';
import { EChart } from '../../charts/EChart';
import { Entry, legendStyles } from '../../charts/Legend';
import { axisLook, tooltipContent, tooltipLook } from '../../charts/look';
import { binWords } from '../../words/bins';
import { countWords, numberWords } from '../../words/numbers';

const rangeWords = (group: ErrorGroup): string => (group.bin === null ? `${numberWords(group.from)} – ${numberWords(group.to)}` : binWords(group.bin));

export function ErrorByPrediction({ performance, request }: { performance: Performance; request: Request }) {
  const { deciles: groups } = performance;
  const isTenths = groups.every((group) => group.bin === null);
  const hasAbsolute = groups.some((group) => group.absolute_error !== null);
  const makeOptions = useCallback(
    (colours: Colours) => ({
      grid: { left: 48, right: 16, top: 8, bottom: 40 },
      xAxis: {
        ...axisLook(colours),
        type: 'category',
        data: groups.map((group) => (isTenths ? shortNumber(group.mean_prediction) : rangeWords(group))),
        name: isTenths ? 'Mean score of each tenth of the predictions' : 'Prediction',
        nameLocation: 'middle',
        nameGap: 26,
        splitLine: { show: false },
      },
      yAxis: { ...axisLook(colours), type: 'value', splitNumber: 5 },
      tooltip: {
        ...tooltipLook(colours),
        trigger: 'axis',
        axisPointer: { type: 'shadow', shadowStyle: { color: colours.grid, opacity: 0.6 } },
        formatter: (items: { dataIndex: number }[]) => {
          const group = groups[items[0]?.dataIndex ?? 0];
          if (group === undefined) return '';
          const known: [string, number | null][] = [
            ['Mean prediction', group.mean_prediction],
            ['Mean label', group.mean_label],
            ['Error', group.error],
            ['Absolute error', group.absolute_error],
          ];
          return tooltipContent(`Predictions ${rangeWords(group)}`, [
            ...known.filter(([, value]) => value !== null).map<[string, string]>(([name, value]) => [name, numberWords(value)]),
            ['Rows', countWords(group.rows)],
          ]);
        },
      },
      series: [
        {
          type: 'bar',
          data: groups.map((group) => group.error),
          barMaxWidth: 40,
          barCategoryGap: '28%',
          itemStyle: { color: colours['series-1'], opacity: 0.75, borderRadius: 2 },
          markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: colours['line-strong'], type: 'solid', width: 1 }, data: [{ yAxis: 0 }] },
        },
        ...(hasAbsolute ? [{ type: 'line', data: groups.map((group) => group.absolute_error), symbol: 'circle', symbolSize: 7, lineStyle: { color: colours['series-2'], width: 1.5 }, itemStyle: { color: colours['series-2'] } }] : []),
      ],
    }),
    [groups, isTenths, hasAbsolute],
  );
  return (
    <ChartFrame
      title="Error by prediction"
      note={`Mean of prediction minus label${isTenths ? ' by tenths of the score' : ' in the bins of the reference'}. Above zero the model says too much, below too little.`}
      request={request}
      method={{
        words: isTenths
          ? 'The labelled predictions in order of their score, cut into tenths; equal scores stay together. The error is the mean score minus the share of positives.'
          : 'The labelled predictions by the bins of the reference’s predictions, whose edges are frozen. The error is the mean of prediction minus label.',
        rows: groups.reduce((sum, group) => sum + group.rows, 0),
      }}
      numbers={() => ({
        columns: ['Predictions', 'Rows', 'Mean prediction', 'Mean label', 'Error', 'Absolute error'],
        rows: groups.map((group) => [rangeWords(group), group.rows, group.mean_prediction, group.mean_label, group.error, group.absolute_error]),
      })}
    >
      <ul className={legendStyles.legend} data-legend>
        <Entry name="Error" colour="var(--series-1)" look="bar" />
        {hasAbsolute && <Entry name="Absolute error" colour="var(--series-2)" />}
      </ul>
      <EChart label="Error by prediction" makeOptions={makeOptions} height={296} />
    </ChartFrame>
  );
}

/** Two digits are enough at an axis. */
const shortNumber = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(2))));
