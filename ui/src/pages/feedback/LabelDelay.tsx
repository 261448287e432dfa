// How long labels take: their distribution against what the spec expects, and over time.
import { useCallback } from 'react';
import type { Answered, Request } from '../../api/queries';
import type { Performance, SeriesAnswer } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import type { Colours } from '../../charts/colours';
import { EChart } from '../../charts/EChart';
import { Entry, legendStyles } from '../../charts/Legend';
import { axisLook, tooltipContent, tooltipLook } from '../../charts/look';
import { Columns } from '../../design/Panel';
import { Loaded, Skeleton, VerdictState } from '../../design/States';
import { SeriesChart } from '../../finding/SeriesChart';
import { limitWords } from '../../words/monitors';
import { countWords, shortCountWords } from '../../words/numbers';
import { durationWords } from '../../words/times';
import { durationStep, durationTick, outline, quantileOf } from './delay';

interface DelayProps {
  performance: Performance;
  request: Request;
  labels: Answered<SeriesAnswer>;
}

export function LabelDelay({ performance, request, labels }: DelayProps) {
  return (
    <Columns minimum={300}>
      <Distribution performance={performance} request={request} />
      <Loaded query={labels} skeleton={<Skeleton height={320} />}>
        {({ series, periods }) => (
          <>
            {series
              .filter((each) => each.slice === null && (each.monitor === 'label_delay' || each.monitor === 'orphan_feedback'))
              .map((each) => (
                <SeriesChart
                  key={each.subject}
                  series={each}
                  periods={periods}
                  request={labels.request}
                  note={`${each.monitor === 'label_delay' ? 'From the prediction until its label was known.' : 'Share of feedback whose prediction is not known.'} ${each.limit === null ? 'No limit.' : `Limit: ${limitWords(each.monitor, each.limit)}.`}`}
                  height={200}
                />
              ))}
          </>
        )}
      </Loaded>
    </Columns>
  );
}

function Distribution({ performance, request }: Omit<DelayProps, 'labels'>) {
  const { delay } = performance;
  const makeOptions = useCallback((colours: Colours) => delayOptions(delay, colours), [delay]);
  const [median, slow] = [quantileOf(delay, 0.5), quantileOf(delay, 0.95)];
  return (
    <ChartFrame
      title="Label delay"
      note={`${delayWords(delay)} ${sourceWords(performance)}`}
      request={request}
      method={{ conventions: ['quantile/log-linear'], words: 'From the time of the prediction until its label was known. The slowest hundredth stands in the last bar.', rows: delay.rows }}
      numbers={() => ({ columns: ['From (s)', 'To (s)', 'Labels'], rows: delay.bars.map((bar) => [bar.from_seconds, bar.to_seconds, Math.round(bar.rows)]) })}
      hasImage={delay.rows > 0}
    >
      {delay.rows === 0 ? (
        <VerdictState verdict="not_observed">No label of this range tells when it became known.</VerdictState>
      ) : (
        <>
          <ul className={legendStyles.legend} data-legend>
            <Entry name="Labels" colour="var(--series-1)" look="bar" />
            {median !== null && slow !== null && <Entry name="Median, p95" colour="var(--series-1)" />}
            {(delay.expected_p50_seconds !== null || delay.expected_p95_seconds !== null) && <Entry name="Expected median, p95" colour="var(--text)" look="dashed" />}
          </ul>
          <EChart label="Labels by delay" makeOptions={makeOptions} height={216} />
        </>
      )}
    </ChartFrame>
  );
}

function delayWords(delay: Performance['delay']): string {
  const part = (share: number, words: string, expected: number | null): string | null => {
    const found = quantileOf(delay, share);
    return found === null ? null : `${words} within ${durationWords(found)}${expected === null ? '' : ` (expected ${durationWords(expected)})`}`;
  };
  const parts = [part(0.5, 'Half', delay.expected_p50_seconds), part(0.95, '95\u00a0%', delay.expected_p95_seconds)].filter((words) => words !== null);
  return parts.length === 0 ? 'From the prediction until its label was known.' : `${parts.join(', ')}.`;
}

/** "Label late from arrival message, awaited for 7 d." */
function sourceWords({ feedback }: Performance): string {
  if (feedback === null) return '';
  return `Label ${feedback.label}${feedback.source === null ? '' : ` from ${feedback.source}`}, awaited for ${durationWords(feedback.horizon_seconds).replace(/(\.0)? /, '\u00a0')}.`;
}

function delayOptions(delay: Performance['delay'], colours: Colours) {
  const { expected_p50_seconds: expectedMedian, expected_p95_seconds: expectedSlow, bars } = delay;
  const end = Math.max(bars.at(-1)?.to_seconds ?? 0, (expectedSlow ?? 0) * 1.05, (expectedMedian ?? 0) * 1.05);
  const mark = (seconds: number | null, isExpected: boolean) =>
    seconds === null ? [] : [{ xAxis: seconds, lineStyle: isExpected ? { color: colours.text, type: [5, 4], width: 1.25 } : { color: colours['series-1'], type: 'solid', width: 1.5 } }];
  return {
    grid: { left: 48, right: 16, top: 8, bottom: 24 },
    xAxis: { ...axisLook(colours), type: 'value', min: 0, max: end, interval: durationStep(end), splitLine: { show: false }, axisLabel: { ...axisLook(colours).axisLabel, showMaxLabel: false, formatter: durationTick } },
    yAxis: { ...axisLook(colours), type: 'value', splitNumber: 4, axisLabel: { ...axisLook(colours).axisLabel, formatter: shortCountWords } },
    tooltip: {
      ...tooltipLook(colours),
      trigger: 'axis',
      axisPointer: { lineStyle: { color: colours['line-strong'] } },
      formatter: (items: { dataIndex: number }[]) => {
        const bar = bars[items[0]?.dataIndex ?? -1];
        return bar === undefined ? '' : tooltipContent(`${durationWords(bar.from_seconds)} – ${durationWords(bar.to_seconds)}`, [['Labels', countWords(Math.round(bar.rows))]]);
      },
    },
    series: [
      {
        type: 'line',
        step: 'end',
        showSymbol: false,
        data: outline(bars),
        lineStyle: { width: 1, color: colours['series-1'], opacity: 0.5 },
        itemStyle: { color: colours['series-1'] },
        areaStyle: { color: colours['series-1'], opacity: 0.22 },
        emphasis: { disabled: true },
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          data: [...mark(expectedMedian, true), ...mark(expectedSlow, true), ...mark(quantileOf(delay, 0.5), false), ...mark(quantileOf(delay, 0.95), false)],
        },
      },
    ],
  };
}
