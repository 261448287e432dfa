// A number chosen along a line, by pointer or keys; its ends can be set in so that it lies under a chart's axis.
import { Label, Slider as AriaSlider, SliderThumb, SliderTrack } from 'react-aria-components';
import styles from './Slider.module.css';

interface SliderProps {
  label: string;
  value: number;
  minimum: number;
  maximum: number;
  step: number;
  /** A place along the line that is marked, such as the value declared. */
  mark?: number | null;
  onChange: (value: number) => void;
  /** Told once the reader has let go. */
  onChangeEnd?: (value: number) => void;
  /** Pixels to the left and right, as a chart above leaves them. */
  inset?: readonly [number, number];
}

export function Slider({ label, value, minimum, maximum, step, mark = null, onChange, onChangeEnd, inset = [8, 8] }: SliderProps) {
  return (
    <AriaSlider
      className={styles.slider!}
      value={value}
      minValue={minimum}
      maxValue={maximum}
      step={step}
      onChange={onChange}
      {...(onChangeEnd === undefined ? {} : { onChangeEnd })}
      style={{ paddingLeft: inset[0], paddingRight: inset[1] }}
    >
      <Label className="unseen">{label}</Label>
      <SliderTrack className={styles.track!}>
        {({ state }) => (
          <>
            <span className={styles.filled} style={{ width: `${state.getThumbPercent(0) * 100}%` }} />
            {mark !== null && <span className={styles.mark} style={{ left: `${((mark - minimum) / (maximum - minimum)) * 100}%` }} />}
            <SliderThumb className={styles.thumb!} />
          </>
        )}
      </SliderTrack>
    </AriaSlider>
  );
}
