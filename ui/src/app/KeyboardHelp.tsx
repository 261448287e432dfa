// Lists the keys.
import { Window } from '../design/Window';
import styles from './KeyboardHelp.module.css';
import { MODEL_PLACES, OVERVIEW, STATUS } from './places';

interface Group {
  name: string;
  keys: readonly (readonly [keys: string, words: string])[];
}

const GROUPS: readonly Group[] = [
  {
    name: 'Anywhere',
    keys: [
      ['⌘ K  or  Ctrl K', 'Search models, pages and features'],
      ['?', 'This help'],
      ['[   ]', 'One range back, one on'],
      ['p', 'Pause, follow again'],
      ['Esc', 'Close what lies over the page'],
    ],
  },
  {
    name: 'Go to',
    keys: [OVERVIEW, ...MODEL_PLACES, STATUS].map((place) => [`g ${place.key}`, place.name] as const),
  },
  {
    name: 'In tables',
    keys: [
      ['↓ ↑  or  j k', 'Next row, row before'],
      ['Enter', 'Open the row'],
      ['Home  End', 'First row, last row'],
    ],
  },
  {
    name: 'On charts and strips',
    keys: [
      ['← →', 'Read the periods one by one'],
      ['Enter', 'Open the period'],
      ['Drag, double click', 'Zoom in, show all'],
    ],
  },
];

export function KeyboardHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Window title="Keyboard" isOpen={isOpen} onClose={onClose}>
      <div className={styles.groups}>
        {GROUPS.map((group) => (
          <section key={group.name}>
            <h3>{group.name}</h3>
            <dl className={styles.keys}>
              {group.keys.map(([keys, words]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Window>
  );
}
