// A box with a title that holds one thing of a page.
import { type ReactNode, useId } from 'react';
import { classes } from './classes';
import styles from './Panel.module.css';

interface PanelProps {
  title?: ReactNode;
  /** One plain sentence or figure under the title. */
  note?: ReactNode;
  /** Controls at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  /** Lets content such as a table reach the borders. */
  isFlush?: boolean;
}

export function Panel({ title, note, actions, children, isFlush = false }: PanelProps) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={title === undefined ? undefined : id}>
      {(title !== undefined || actions !== undefined) && (
        <header className={styles.header}>
          <div className={styles.titles}>
            {title !== undefined && <h2 id={id}>{title}</h2>}
            {note !== undefined && <p className={styles.note}>{note}</p>}
          </div>
          {actions}
        </header>
      )}
      <div className={classes(styles.body, isFlush && styles.flush)}>{children}</div>
    </section>
  );
}

/** Panels side by side where there is room: at least `minimum` pixels each. */
export function Columns({ children, minimum = 360 }: { children: ReactNode; minimum?: number }) {
  return (
    <div className={styles.columns} style={{ gridTemplateColumns: `repeat(auto-fit, minmax(min(${minimum}px, 100%), 1fr))` }}>
      {children}
    </div>
  );
}
