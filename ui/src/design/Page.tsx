// The frame of a page: its heading, one line about it, its controls, and its content in a column.
import { type ReactNode, useEffect } from 'react';
import styles from './Page.module.css';

interface PageProps {
  /** The heading; also the browser's title together with `model`. */
  title: string;
  model?: string | null;
  /** Stands in the heading's place where the page answers right there. */
  heading?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, model, heading, about, actions, children }: PageProps) {
  useEffect(() => {
    document.title = [title, model, 'Quiver'].filter((part) => part && part !== '').join(' · ');
  }, [title, model]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <div className={styles.titles}>
          <h1>{heading ?? title}</h1>
          {about !== undefined && <p className={styles.about}>{about}</p>}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
