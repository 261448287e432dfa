// Text of a file with line numbers and colours; only the lines in sight are drawn where there are many.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, memo, useMemo, useRef } from 'react';
import styles from './Code.module.css';
import { type Language, type Line, linesOf } from './syntax';

interface CodeProps {
  label: string;
  text: string;
  language: Language;
  /** CSS height after which it scrolls in its box. */
  maximumHeight?: string;
}

/** So many lines are drawn at once without harm, and found by the browser's own search. */
const MANY_LINES = 800;
const LINE_PIXELS = 20;

export function Code({ label, text, language, maximumHeight = '70vh' }: CodeProps) {
  const lines = useMemo(() => linesOf(text, language), [text, language]);
  const box = useRef<HTMLDivElement>(null);
  return (
    <div
      ref={box}
      className={styles.box}
      style={{ maxHeight: maximumHeight }}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      {lines.length > MANY_LINES ? <ManyLines lines={lines} box={box} /> : <AllLines lines={lines} />}
    </div>
  );
}

function AllLines({ lines }: { lines: readonly Line[] }) {
  return (
    <code className={styles.code}>
      {lines.map((line, index) => (
        <NumberedLine key={index} number={index + 1} line={line} />
      ))}
    </code>
  );
}

function ManyLines({ lines, box }: { lines: readonly Line[]; box: RefObject<HTMLDivElement | null> }) {
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PIXELS,
    overscan: 40,
  });
  const inSight = virtualizer.getVirtualItems();
  const first = inSight[0]?.start ?? 0;
  const last = inSight.at(-1)?.end ?? 0;
  return (
    <code className={styles.code} style={{ paddingTop: first, paddingBottom: virtualizer.getTotalSize() - last }}>
      {inSight.map(({ index }) => (
        <NumberedLine key={index} number={index + 1} line={lines[index] ?? []} />
      ))}
    </code>
  );
}

const NumberedLine = memo(function NumberedLine({ number, line }: { number: number; line: Line }) {
  return (
    <span className={styles.line}>
      <span className={styles.lineNumber} aria-hidden="true">
        {number}
      </span>
      <span className={styles.lineText}>
        <Tokens line={line} />
        {'\n'}
      </span>
    </span>
  );
});

/** One line in its colours. */
export function Tokens({ line }: { line: Line }): ReactNode {
  return line.map((token, index) =>
    token.kind === 'plain' ? (
      token.text
    ) : (
      <span key={index} className={styles[token.kind]}>
        {token.text}
      </span>
    ),
  );
}
