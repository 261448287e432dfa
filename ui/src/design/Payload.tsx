// Text that came with an event: shown letter by letter, never as markup, and unable to turn the text around it.
import { classes } from './classes';
import styles from './Payload.module.css';

interface PayloadProps {
  text: string;
  /** Ids and hashes, whose letters are compared. */
  isCode?: boolean;
  /** What is too long for its place is cut, and told in full on hover. */
  isCut?: boolean;
}

export function Payload({ text, isCode = false, isCut = false }: PayloadProps) {
  return (
    <bdi className={classes(styles.payload, isCode && styles.code, isCut && styles.cut)} title={isCut ? text : undefined}>
      {text}
    </bdi>
  );
}
