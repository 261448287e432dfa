// ⌘K: finds models, pages and features by a few letters and goes there.
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { useEffect, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { useFeatures, useOverview } from '../api/queries';
import { Icon } from '../design/Icon';
import { VerdictMark } from '../design/Verdict';
import { keepRange, keepScope } from '../scope/keep';
import { worst } from '../words/verdicts';
import styles from './CommandPalette.module.css';
import { MODEL_PLACES, OVERVIEW, STATUS } from './places';

export default function CommandPalette({ model, onClose }: { model: string | null; onClose: () => void }) {
  return (
    <ModalOverlay className={styles.veil!} isOpen isDismissable onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Modal className={styles.window!}>
        <Dialog aria-label="Search" className={styles.dialog!}>
          <Palette model={model} onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

const featureValue = (feature: string): string => `feature ${feature}`;

function Palette({ model, onClose }: { model: string | null; onClose: () => void }) {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const overview = useOverview();
  // Thousands of features: the server searches, the palette shows the first.
  const features = useFeatures(model ?? '', { search: text, limit: 8 }, { enabled: model !== null && text !== '' });
  // Features arrive after the rest; Enter must take what stands first.
  const [chosen, setChosen] = useState('');
  const firstFeature = text === '' ? undefined : features.data?.features[0]?.feature;
  useEffect(() => {
    if (firstFeature !== undefined) setChosen(featureValue(firstFeature));
  }, [firstFeature]);
  const run = (go: () => Promise<void>) => (): void => {
    onClose();
    void go();
  };
  return (
    <Command label="Search" loop value={chosen} onValueChange={setChosen}>
      <div className={styles.field}>
        <Icon name="search" />
        <Command.Input autoFocus value={text} onValueChange={setText} placeholder="Models, pages, features" className={styles.input} />
        <kbd>Esc</kbd>
      </div>
      <Command.List className={styles.list}>
        <Command.Empty className={styles.empty}>Nothing by that name</Command.Empty>
        {model !== null && text !== '' && (features.data?.features.length ?? 0) > 0 && (
          <Command.Group heading="Features" className={styles.group}>
            {features.data?.features.map((row) => (
              <Command.Item
                key={row.feature}
                value={featureValue(row.feature)}
                className={styles.item}
                onSelect={run(() => navigate({ to: '/models/$model/features/$feature', params: { model, feature: row.feature }, search: keepScope }))}
              >
                <VerdictMark verdict={row.verdict} />
                <span className={styles.name}>{row.feature}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {model !== null && (
          <Command.Group heading={model} className={styles.group}>
            {MODEL_PLACES.map((place) => (
              <Command.Item
                key={place.to}
                value={`${place.name} ${model}`}
                className={styles.item}
                onSelect={run(() => navigate({ to: place.to, params: { model }, search: keepScope }))}
              >
                <Icon name={place.icon} />
                <span className={styles.name}>{place.name}</span>
                <kbd>g {place.key}</kbd>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading="Models" className={styles.group}>
          {overview.data?.models.map((each) => (
            <Command.Item
              key={each.model}
              value={`model ${each.model}`}
              className={styles.item}
              onSelect={run(() => navigate({ to: '/models/$model', params: { model: each.model }, search: keepRange }))}
            >
              <VerdictMark verdict={worst(each.arrows.map((arrow) => arrow.verdict))} />
              <span className={styles.name}>{each.model}</span>
            </Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading="Everywhere" className={styles.group}>
          {([OVERVIEW, STATUS] as const).map((place) => (
            <Command.Item key={place.to} value={place.name} className={styles.item} onSelect={run(() => navigate({ to: place.to, search: keepRange }))}>
              <Icon name={place.icon} />
              <span className={styles.name}>{place.name}</span>
              <kbd>g {place.key}</kbd>
            </Command.Item>
          ))}
        </Command.Group>
      </Command.List>
    </Command>
  );
}
