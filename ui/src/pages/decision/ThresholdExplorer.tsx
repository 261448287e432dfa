// What another threshold would have done to the labelled predictions of the range, beside the declared one.
import { useCallback, useState } from 'react';
import type { Request } from '../../api/queries';
import type { Decision, ThresholdPoint } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import type { Colours, ColourName } from '../../charts/colours';
import { EChart } from '../../charts/EChart';
import { Entry, legendStyles } from '../../charts/Legend';
import { axisLook, tooltipContent, tooltipLook } from '../../charts/look';
import { Button } from '../../design/Button';
import { Slider } from '../../design/Slider';
import { VerdictState } from '../../design/States';
import { useSearchText } from '../../scope/scope';
import { countWords, numberWords, shareWords, UNKNOWN } from '../../words/numbers';
import styles from './ThresholdExplorer.module.css';
import { bestPoint, labelledRows, pointAt, readThreshold } from './thresholds';

interface Measure {
  name: string;
  of: (point: ThresholdPoint) => number | null;
  colour: ColourName;
  about: string;
}

const MEASURES: readonly Measure[] = [
  { name: 'Decided share', of: (point) => point.decided_share, colour: 'series-faint', about: 'of all, at or above it' },
  { name: 'Precision', of: (point) => point.precision, colour: 'series-1', about: 'of those, positive' },
  { name: 'Recall', of: (point) => point.recall, colour: 'series-2', about: 'of the positive, found' },
  { name: 'F1', of: (point) => point.f1, colour: 'series-3', about: 'of both, the harmonic mean' },
];

const COUNTS: readonly { name: string; of: (point: ThresholdPoint) => number }[] = [
  { name: 'Acted on, rightly', of: (point) => point.true_positives },
  { name: 'Acted on, in vain', of: (point) => point.false_positives },
  { name: 'Missed', of: (point) => point.false_negatives },
  { name: 'Left alone, rightly', of: (point) => point.true_negatives },
];

/** Left and right of the plot, so that the slider lies under its axis. */
const INSET = [48, 16] as const;

export function ThresholdExplorer({ decision, request }: { decision: Decision; request: Request }) {
  const { thresholds: points, threshold: declared } = decision;
  const [text, setText] = useSearchText('threshold');
  const [dragged, setDragged] = useState<number | null>(null);
  if (declared === null) return null;
  const chosen = dragged ?? readThreshold(text, points) ?? declared;
  const [now, then, best] = [pointAt(points, chosen), pointAt(points, declared), bestPoint(points)];
  if (now === undefined || then === undefined) {
    return (
      <ChartFrame title="Other thresholds" request={request} hasImage={false}>
        <VerdictState verdict="labels_pending">Without labels nobody knows what another threshold would have done. They are joined as soon as feedback arrives.</VerdictState>
      </ChartFrame>
    );
  }
  const keep = (value: number): void => {
    setDragged(null);
    setText(value === declared ? '' : numberWords(value));
  };
  return (
    <ChartFrame
      title="Other thresholds"
      note={`What each would have done to the ${countWords(labelledRows(now))} labelled predictions of the range.`}
      request={request}
      method={{
        conventions: ['precision', 'recall', 'f1'],
        words: 'A prediction counts as decided when its score is at or above the threshold. A threshold chosen on the same labels on which it is measured looks a little better than it will be.',
        rows: labelledRows(now),
      }}
      numbers={() => ({
        columns: ['Threshold', ...MEASURES.map((measure) => measure.name), 'True positives', 'False positives', 'True negatives', 'False negatives'],
        rows: points.map((point) => [point.threshold, ...MEASURES.map((measure) => measure.of(point)), point.true_positives, point.false_positives, point.true_negatives, point.false_negatives]),
      })}
    >
      <div className={styles.explorer}>
        <div className={styles.chart}>
          <ul className={legendStyles.legend} data-legend>
            {MEASURES.map((measure) => (
              <Entry key={measure.name} name={measure.name} colour={`var(--${measure.colour})`} />
            ))}
            <Entry name="Declared" colour="var(--text)" look="dashed" />
          </ul>
          <Curves points={points} chosen={now.threshold} declared={declared} />
          <Slider label="Threshold" value={chosen} minimum={points[0]?.threshold ?? 0} maximum={points.at(-1)?.threshold ?? 1} step={0.01} mark={declared} onChange={setDragged} onChangeEnd={keep} inset={INSET} />
          <div className={styles.buttons}>
            <Button look="quiet" isDisabled={chosen === declared} onPress={() => keep(declared)}>
              Back to {numberWords(declared)}
            </Button>
            {best !== undefined && (
              <Button look="quiet" isDisabled={chosen === best.threshold} onPress={() => keep(best.threshold)}>
                Highest F1: {shareWords(best.f1)} at {numberWords(best.threshold)}
              </Button>
            )}
          </div>
        </div>
        <Figures now={now} then={then} declared={declared} />
      </div>
    </ChartFrame>
  );
}

function Curves({ points, chosen, declared }: { points: readonly ThresholdPoint[]; chosen: number; declared: number }) {
  const makeOptions = useCallback(
    (colours: Colours) => ({
      grid: { left: INSET[0], right: INSET[1], top: 8, bottom: 24 },
      xAxis: { ...axisLook(colours), type: 'value', min: points[0]?.threshold ?? 0, max: points.at(-1)?.threshold ?? 1, splitLine: { show: false } },
      yAxis: { ...axisLook(colours), type: 'value', min: 0, max: 1, interval: 0.25, axisLabel: { ...axisLook(colours).axisLabel, formatter: (value: number) => `${Math.round(value * 100)} %` } },
      tooltip: {
        ...tooltipLook(colours),
        trigger: 'axis',
        axisPointer: { lineStyle: { color: colours['line-strong'] } },
        formatter: (items: { dataIndex: number }[]) => {
          const point = points[items[0]?.dataIndex ?? 0];
          return point === undefined ? '' : tooltipContent(`At ${numberWords(point.threshold)}`, MEASURES.map((measure) => [measure.name, shareWords(measure.of(point))]));
        },
      },
      series: MEASURES.map((measure, index) => ({
        type: 'line',
        data: points.map((point) => [point.threshold, measure.of(point)]),
        showSymbol: false,
        lineStyle: { width: 1.75, color: colours[measure.colour] },
        itemStyle: { color: colours[measure.colour] },
        emphasis: { disabled: true },
        ...(index > 0
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                label: { show: false },
                data: [
                  { xAxis: declared, lineStyle: { color: colours.text, type: [5, 4], width: 1.25 } },
                  { xAxis: chosen, lineStyle: { color: colours.accent, type: 'solid', width: 1.5 } },
                ],
              },
            }),
      })),
    }),
    [points, chosen, declared],
  );
  return <EChart label="Decided share, precision, recall and F1 by threshold" makeOptions={makeOptions} height={248} />;
}

function Figures({ now, then, declared }: { now: ThresholdPoint; then: ThresholdPoint; declared: number }) {
  const isSame = now.threshold === then.threshold;
  return (
    <div className={styles.box} tabIndex={0} role="region" aria-label="Figures at the chosen and the declared threshold">
      <table className={styles.figures}>
        <caption className="unseen">The chosen threshold beside the declared one</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Measure</span>
            </th>
            <th scope="col">At {numberWords(now.threshold)}</th>
            <th scope="col">Declared, {numberWords(declared)}</th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody aria-live="polite">
          {MEASURES.map(({ name, of, about }) => (
            <tr key={name}>
              <th scope="row">
                {name} <span className={styles.about}>{about}</span>
              </th>
              <td>{shareWords(of(now))}</td>
              <td>{shareWords(of(then))}</td>
              <td>{isSame ? UNKNOWN : pointsWords(of(now), of(then))}</td>
            </tr>
          ))}
          {COUNTS.map(({ name, of }, index) => (
            <tr key={name} className={index === 0 ? styles.first : undefined}>
              <th scope="row">{name}</th>
              <td>{countWords(of(now))}</td>
              <td>{countWords(of(then))}</td>
              <td>{isSame ? UNKNOWN : signed(of(now) - of(then), countWords)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const signed = (difference: number, words: (value: number) => string): string => (difference > 0 ? `+${words(difference)}` : difference < 0 ? `−${words(-difference)}` : '0');

/** "+4.1 points": a difference of two shares. */
function pointsWords(now: number | null, then: number | null): string {
  if (now === null || then === null) return UNKNOWN;
  return `${signed(now - then, (value) => numberWords(value * 100))} pt`;
}
