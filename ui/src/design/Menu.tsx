// A menu of commands behind a button.
import { MenuTrigger, Menu as AriaMenu, MenuItem, Popover } from 'react-aria-components';
import { IconButton } from './Button';
import choice from './Choice.module.css';
import { Icon, type IconName } from './Icon';

export interface Command {
  name: string;
  icon?: IconName;
  run: () => void;
}

export function Menu({ label, commands, icon = 'more' }: { label: string; commands: readonly Command[]; icon?: IconName }) {
  return (
    <MenuTrigger>
      <IconButton icon={icon} label={label} />
      <Popover className={choice.popover!} placement="bottom end" offset={4}>
        <AriaMenu className={choice.list!}>
          {commands.map((command) => (
            <MenuItem key={command.name} className={choice.item!} onAction={command.run} textValue={command.name}>
              <span className={choice.tick}>{command.icon !== undefined && <Icon name={command.icon} size={14} />}</span>
              {command.name}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
