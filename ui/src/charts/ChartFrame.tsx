// What stands around every chart: a title that says what it shows, and a menu that opens its numbers, query and method.
import { type ReactNode, useId, useRef, useState } from 'react';
import type { Request } from '../api/queries';
import { classes } from '../design/classes';
import { Menu, type Command } from '../design/Menu';
import { Window } from '../design/Window';
import styles from './ChartFrame.module.css';
import { Method, type MethodProps } from './Method';
import { NumbersTable, type Numbers } from './NumbersTable';
import { curlOf, QueryText } from './QueryText';
import { saveCsv, savePng } from './save';

export interface ChartFrameProps {
  title: string;
  /** Unit, sample size or one plain sentence. */
  note?: ReactNode;
  /** Controls at the right, before the menu. */
  actions?: ReactNode;
  /** The figures of the chart; made only when asked for. */
  numbers?: () => Numbers;
  /** The request that gave them: `query.request`. */
  request?: Request;
  /** How the figures were computed. */
  method?: MethodProps;
  children: ReactNode;
  /** `bare` leaves out the border where the frame stands inside a panel. */
  look?: 'panel' | 'bare';
  /** False where the chart is no canvas (a strip, a table), which cannot be saved as an image. */
  hasImage?: boolean;
  /** Lets a table reach the borders of the panel. */
  isFlush?: boolean;
}

type Shown = 'numbers' | 'query' | 'method' | null;

export function ChartFrame({ title, note, actions, numbers, request, method, children, look = 'panel', hasImage = true, isFlush = false }: ChartFrameProps) {
  const id = useId();
  const Heading = look === 'panel' ? 'h2' : 'h3';
  const body = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<Shown>(null);
  const close = (): void => setShown(null);
  const commands: Command[] = [
    ...(numbers === undefined ? [] : [{ name: 'Numbers', run: () => setShown('numbers') }]),
    ...(request === undefined ? [] : [{ name: 'Query', run: () => setShown('query') }]),
    ...(method === undefined ? [] : [{ name: 'How this was computed', run: () => setShown('method') }]),
    ...(hasImage ? [{ name: 'Save as PNG', run: () => body.current !== null && savePng(body.current, title) }] : []),
    ...(numbers === undefined ? [] : [{ name: 'Save as CSV', run: () => saveCsv(numbers(), title) }]),
  ];
  return (
    <section className={look === 'panel' ? styles.panel : styles.bare} aria-labelledby={id}>
      <header className={styles.header}>
        <div className={styles.titles}>
          <Heading id={id} className={styles.title}>
            {title}
          </Heading>
          {note !== undefined && <p className={styles.note}>{note}</p>}
        </div>
        <div className={styles.actions}>
          {actions}
          <Menu label={`More about ${title}`} commands={commands} />
        </div>
      </header>
      <div ref={body} className={classes(styles.body, isFlush && styles.flush)}>
        {children}
      </div>
      {numbers !== undefined && (
        <Window title={title} isOpen={shown === 'numbers'} onClose={close}>
          {shown === 'numbers' && <NumbersTable label={title} numbers={numbers()} />}
        </Window>
      )}
      {request !== undefined && (
        <Window title={`${title}: query`} isOpen={shown === 'query'} onClose={close}>
          <QueryText text={curlOf(request)} />
        </Window>
      )}
      {method !== undefined && (
        <Window title={`${title}: how this was computed`} isOpen={shown === 'method'} onClose={close}>
          <Method {...method} />
        </Window>
      )}
    </section>
  );
}
