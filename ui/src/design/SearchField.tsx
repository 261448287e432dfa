// A field that narrows a list; what is typed reaches the page after a short pause.
import { useEffect, useRef, useState } from 'react';
import { Button, Input, SearchField as AriaSearchField } from 'react-aria-components';
import { Icon } from './Icon';
import styles from './SearchField.module.css';

interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
}

const PAUSE_MILLISECONDS = 150;

export function SearchField({ label, value, onChange, placeholder }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    // A change from outside (back, reset) replaces the text; the echo of what was typed does not.
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onChange(text);
    }, PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <AriaSearchField aria-label={label} value={text} onChange={setText} className={styles.field!}>
      <Icon name="search" size={14} />
      <Input className={styles.input!} placeholder={placeholder ?? label} autoComplete="off" spellCheck="false" />
      <Button className={styles.clear!}>
        <Icon name="close" size={12} />
      </Button>
    </AriaSearchField>
  );
}
