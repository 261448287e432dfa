// The models, the one that needs a person first; draws only the rows in sight, moves by j and k.
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react';
import type { OverviewModel } from '../../api/types';
import { Skeleton } from '../../design/States';
import { ARROW_WORDS, ARROWS, arrowPath } from '../../words/arrows';
import styles from './ModelList.module.css';
import { ModelRow } from './ModelRow';

const ROW_HEIGHT = 112;

export function ModelList({ models }: { models: readonly OverviewModel[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(list.current?.offsetTop ?? 0), []);
  const virtualizer = useWindowVirtualizer({
    count: models.length,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => models[index]?.model ?? index,
    overscan: 1,
    useFlushSync: false,
    scrollMargin: margin,
  });
  const active = useRef(0);
  // The model that the keys went to; it may only be drawn after the scroll.
  const wanted = useRef<number | null>(null);
  const focusWanted = (): void => {
    if (wanted.current === null) return;
    list.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] h2 a`)?.focus({ preventScroll: true });
  };
  useLayoutEffect(focusWanted);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(models.length - 1, active.current + step));
    active.current = next;
    wanted.current = next;
    virtualizer.scrollToIndex(next);
    focusWanted();
  };
  return (
    <div className={styles.box}>
      <ListHeader />
      <ul ref={list} className={styles.list} style={{ height: virtualizer.getTotalSize() }} onKeyDown={onKeyDown}>
        {virtualizer.getVirtualItems().map((item) => {
          const model = models[item.index];
          return model === undefined ? null : (
            <li
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              className={styles.item}
              style={{ transform: `translateY(${item.start - virtualizer.options.scrollMargin}px)` }}
              onFocus={() => {
                wanted.current = null;
                active.current = item.index;
              }}
            >
              <ModelRow model={model} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Names the columns once, as the path they are; each cell says its own name to screen readers. */
function ListHeader() {
  return (
    <div className={styles.header} aria-hidden="true">
      <span>Model</span>
      {ARROWS.map((arrow) => (
        <span key={arrow} className={styles.arrow}>
          <b>
            {ARROW_WORDS[arrow].number} {ARROW_WORDS[arrow].name}
          </b>
          <span className={styles.path}>{arrowPath(arrow)}</span>
        </span>
      ))}
      <span>Traffic</span>
      <span className={styles.end}>Cost per 1k</span>
    </div>
  );
}

export function ModelListSkeleton() {
  return (
    <div className={styles.box}>
      <ListHeader />
      {Array.from({ length: 4 }, (_, row) => (
        <div key={row} className={styles.placeholder}>
          <Skeleton height={ROW_HEIGHT - 40} />
        </div>
      ))}
    </div>
  );
}
