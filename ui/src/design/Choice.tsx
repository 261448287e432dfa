// A choice of one among a few, as a button that shows label and value in one line and opens the list.
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import styles from './Choice.module.css';
import { Icon } from './Icon';

export interface Option<Value extends string> {
  value: Value;
  name: string;
  /** A second line that explains the option. */
  about?: string;
  isDisabled?: boolean;
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly Option<Value>[];
  onChange: (value: Value) => void;
  /** Leaves the label to screen readers where the value speaks for itself. */
  isLabelHidden?: boolean;
}

export function Choice<Value extends string>({ label, value, options, onChange, isLabelHidden = false }: ChoiceProps<Value>) {
  return (
    <MenuTrigger>
      <Button className={styles.button!}>
        <span className={isLabelHidden ? 'unseen' : styles.label}>{label} </span>
        <span className={styles.value}>{options.find((option) => option.value === value)?.name ?? value}</span>
        <Icon name="chevron" size={12} />
      </Button>
      <Popover className={styles.popover!} placement="bottom start" offset={4}>
        <Menu
          className={styles.list!}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[value]}
          onAction={(key) => {
            const option = options.find((each) => each.value === key);
            if (option !== undefined) onChange(option.value);
          }}
        >
          {options.map((option) => (
            <MenuItem
              key={option.value}
              id={option.value}
              textValue={option.name}
              isDisabled={option.isDisabled ?? false}
              className={styles.item!}
            >
              {({ isSelected }) => (
                <>
                  <span className={styles.tick}>{isSelected && <Icon name="check" size={14} />}</span>
                  <span>
                    {option.name}
                    {option.about !== undefined && <span className={styles.about}>{option.about}</span>}
                  </span>
                </>
              )}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
