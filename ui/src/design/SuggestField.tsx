// A field for a name: suggests those that are known, and takes any other. What is typed counts on Enter and on leaving.
import { useEffect, useRef, useState } from 'react';
import { Button, ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import choice from './Choice.module.css';
import styles from './Field.module.css';
import { Icon } from './Icon';

interface SuggestFieldProps {
  label: string;
  value: string;
  /** Names that are known to occur. */
  names: readonly string[];
  onChange: (value: string) => void;
}

export function SuggestField({ label, value, names, onChange }: SuggestFieldProps) {
  const field = useRef<HTMLDivElement>(null);
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const tell = (next: string): void => {
    if (next.trim() !== value) onChange(next.trim());
  };
  return (
    <ComboBox
      ref={field}
      allowsCustomValue
      menuTrigger="focus"
      inputValue={text}
      onInputChange={setText}
      onChange={(key) => {
        if (key !== null) tell(String(key));
      }}
      onBlur={() => tell(text)}
      className={styles.field!}
    >
      <Label className={styles.label!}>{label}</Label>
      <Input
        className={styles.input!}
        placeholder="any"
        spellCheck="false"
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(event.currentTarget.value);
        }}
      />
      <Button className={styles.open!}>
        <Icon name="chevron" size={12} />
      </Button>
      <Popover triggerRef={field} className={choice.popover!} placement="bottom start" offset={4}>
        <ListBox className={choice.list!} items={names.map((name) => ({ id: name }))}>
          {({ id }) => (
            <ListBoxItem id={id} textValue={id} className={choice.item!}>
              {id}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
