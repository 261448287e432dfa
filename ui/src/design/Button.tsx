// A button, a link that looks like one, and a button that is an icon only.
import { createLink } from '@tanstack/react-router';
import type { ComponentProps, ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps, Tooltip, TooltipTrigger } from 'react-aria-components';
import styles from './Button.module.css';
import { classes } from './classes';
import { Icon, type IconName } from './Icon';

export interface ButtonProps extends Omit<AriaButtonProps, 'children' | 'className' | 'style'> {
  children: ReactNode;
  icon?: IconName;
  look?: 'plain' | 'quiet' | 'accent';
}

export function Button({ children, icon, look = 'plain', ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className={classes(styles.button, styles[look])}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </AriaButton>
  );
}

/** `label` is its name for everybody: shown on hover and focus, read by screen readers. */
export function IconButton({ icon, label, ...props }: Omit<ButtonProps, 'children' | 'look'> & { icon: IconName; label: string }) {
  return (
    <TooltipTrigger delay={400} closeDelay={80}>
      <AriaButton {...props} aria-label={label} className={classes(styles.button, styles.quiet, styles.iconOnly)}>
        <Icon name={icon} />
      </AriaButton>
      <Tooltip className={styles.tooltip!} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}

function LookingLikeAButton({ children, ...props }: ComponentProps<'a'>) {
  return (
    <a {...props} className={classes(styles.button, styles.plain)}>
      {children}
    </a>
  );
}

/** A router link (`to`, `params`, `search`) that looks like a button. */
export const ButtonLink = createLink(LookingLikeAButton);
