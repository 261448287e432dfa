// The axis of time: the verdicts of the four arrows, the traffic under them, and what changed when.
import type { Request } from '../../api/queries';
import type { ArmWindows, Marker, Windows } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { TimeSeries } from '../../charts/TimeSeries';
import { VerdictStrip } from '../../charts/VerdictStrip';
import { VerdictMark } from '../../design/Verdict';
import { useShownFinding } from '../../finding/address';
import { useZone } from '../../scope/zone';
import { ARROW_WORDS } from '../../words/arrows';
import { countWords, shortCountWords } from '../../words/numbers';
import { timeWords } from '../../words/times';
import { VERDICT_ORDER, verdictName } from '../../words/verdicts';
import styles from './Timeline.module.css';

export function Timeline({ answer, arm, request }: { answer: Windows; arm: ArmWindows; request: Request }) {
  const { periods, markers, reference } = answer;
  const { show } = useShownFinding();
  const present = VERDICT_ORDER.filter((verdict) => arm.arrows.some((arrow) => arrow.verdicts.includes(verdict)));
  return (
    <ChartFrame
      title="Verdicts and traffic over time"
      note="Press a cell for what was found in it; drag on the traffic to zoom."
      request={request}
      method={{
        words: (
          <p>
            A cell is the worst verdict of all monitors of that arrow in that period. Predictions are counted under their event time; a prediction is labelled
            when its feedback has come.
          </p>
        ),
      }}
      numbers={() => ({
        columns: ['Period', ...arm.arrows.map((arrow) => ARROW_WORDS[arrow.arrow].name), 'Predictions', 'With label'],
        rows: periods.map((period, index) => [
          period.label,
          ...arm.arrows.map((arrow) => arrow.verdicts[index] ?? ''),
          arm.rows[index] ?? null,
          arm.labelled[index] ?? null,
        ]),
      })}
    >
      <ul className={styles.legend} aria-hidden="true">
        {present.map((verdict) => (
          <li key={verdict}>
            <VerdictMark verdict={verdict} size={10} /> {verdictName(verdict)}
          </li>
        ))}
      </ul>
      <div className={styles.strips}>
        {arm.arrows.map((arrow) => (
          <div key={arrow.arrow} className={styles.strip}>
            <span className={styles.name} aria-hidden="true">
              {ARROW_WORDS[arrow.arrow].name}
            </span>
            <VerdictStrip
              label={ARROW_WORDS[arrow.arrow].name}
              periods={periods}
              verdicts={arrow.verdicts}
              onOpen={(index) => {
                const period = periods[index];
                if (period !== undefined) show({ arm: arm.arm, arrow: arrow.arrow, start: period.start, end: period.end, monitor: null });
              }}
              isAligned
            />
          </div>
        ))}
      </div>
      <TimeSeries
        label="Predictions and labels"
        periods={periods}
        lines={[
          { name: 'Predictions', values: arm.rows, look: 'bars', colour: 'series-faint' },
          { name: 'With label', values: arm.labelled, look: 'bars', colour: 'series-1' },
        ]}
        format={countWords}
        axisFormat={shortCountWords}
        markers={markers}
        shaded={reference === null ? [] : [{ ...reference, name: 'Reference period' }]}
        height={132}
      />
      {markers.length > 0 && <Markers markers={markers} />}
    </ChartFrame>
  );
}

function Markers({ markers }: { markers: readonly Marker[] }) {
  const zone = useZone();
  return (
    <section className={styles.markers} aria-label="Changes and versions">
      <h3>Changes and versions</h3>
      <ul>
        {markers.map((marker) => (
          <li key={`${marker.at} ${marker.what} ${marker.reference}`}>
            <span className={styles.time}>{timeWords(marker.at, zone)}</span>
            <span>
              {marker.kind === 'version' ? 'version' : marker.what} {marker.reference !== null && <strong>{marker.reference}</strong>}
              {marker.kind === 'version' && ` ${marker.what}`}
              {marker.arm !== null && ` on ${marker.arm}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
