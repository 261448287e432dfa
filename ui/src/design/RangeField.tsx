// Two numbers, from and to; either may be left open. What is typed counts on Enter and on leaving.
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { classes } from './classes';
import styles from './Field.module.css';

interface RangeFieldProps {
  label: string;
  /** As text, so that what is typed wrongly can be shown. */
  from: string;
  to: string;
  onChange: (from: string, to: string) => void;
}

export function RangeField({ label, from, to, onChange }: RangeFieldProps) {
  const id = useId();
  const isBackwards = from !== '' && to !== '' && Number(from) > Number(to);
  return (
    <div role="group" aria-labelledby={id} className={styles.field} data-wrong={isBackwards || undefined}>
      <span id={id} className={styles.label}>
        {label}
      </span>
      <NumberInput label={`${label} from`} placeholder="from" value={from} onChange={(next) => onChange(next, to)} />
      <span className={styles.dash}>–</span>
      <NumberInput label={`${label} to`} placeholder="to" value={to} onChange={(next) => onChange(from, next)} />
    </div>
  );
}

interface NumberInputProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

function NumberInput({ label, placeholder, value, onChange }: NumberInputProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const isWrong = text.trim() !== '' && !Number.isFinite(Number(text));
  const tell = (): void => {
    if (!isWrong && text.trim() !== value) onChange(text.trim());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') tell();
    if (event.key === 'Escape') setText(value);
  };
  return (
    <input
      className={classes(styles.input, styles.number)}
      inputMode="decimal"
      aria-label={label}
      aria-invalid={isWrong || undefined}
      placeholder={placeholder}
      autoComplete="off"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={tell}
      onKeyDown={onKeyDown}
    />
  );
}
