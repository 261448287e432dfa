// The bar above every page: what is looked at, the one range and filter, whether it is live, theme and search.
import { useOverview, useWindows } from '../api/queries';
import type { By, Windows } from '../api/types';
import { IconButton } from '../design/Button';
import { Choice, type Option } from '../design/Choice';
import { chooseTheme, useTheme } from '../design/theme';
import { useScope } from '../scope/scope';
import type { Compare, Zone } from '../scope/search';
import { LiveDot } from './LiveDot';
import { RangePicker } from './RangePicker';
import styles from './TopBar.module.css';

const PALETTE_KEYS = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘ K' : 'Ctrl K';

interface TopBarProps {
  model: string | null;
  onMenu: () => void;
  onPalette: () => void;
  onHelp: () => void;
  /** Present where the reader signed in. */
  onSignOut: (() => void) | undefined;
}

export function TopBar({ model, onMenu, onPalette, onHelp, onSignOut }: TopBarProps) {
  const theme = useTheme();
  return (
    <header className={styles.bar}>
      <div className={styles.menu}>
        <IconButton icon="menu" label="Pages" onPress={onMenu} />
      </div>
      <button type="button" className={styles.search} onClick={onPalette}>
        <span className={styles.name}>{model ?? 'All models'}</span>
        <kbd>{PALETTE_KEYS}</kbd>
        <span className="unseen">Search models, pages and features</span>
      </button>
      <div className={styles.scope} role="group" aria-label="Range and filter">
        {model === null ? <OverviewScope /> : <ModelScope model={model} />}
      </div>
      <div className={styles.end}>
        {model === null ? <OverviewLive /> : <ModelLive model={model} />}
        <IconButton icon={theme === 'dark' ? 'sun' : 'moon'} label={theme === 'dark' ? 'Light theme' : 'Dark theme'} onPress={() => chooseTheme(theme === 'dark' ? 'light' : 'dark')} />
        <IconButton icon="keyboard" label="Keyboard help" onPress={onHelp} />
        {onSignOut !== undefined && <IconButton icon="external" label="Sign out" onPress={onSignOut} />}
      </div>
    </header>
  );
}

const BY_NAMES: Readonly<Record<By, string>> = { window: 'Window', day: 'Day', week: 'Week', month: 'Month' };

function ByChoice({ answered }: { answered: By | undefined }) {
  const { by, change } = useScope();
  const options: Option<By | 'auto'>[] = [
    { value: 'auto', name: answered === undefined || by !== undefined ? 'Auto' : `Auto (${BY_NAMES[answered].toLowerCase()})` },
    { value: 'window', name: 'Window', about: 'The window of the spec' },
    { value: 'day', name: 'Day' },
    { value: 'week', name: 'Week' },
    { value: 'month', name: 'Month' },
  ];
  return <Choice label="By" value={by ?? 'auto'} options={options} onChange={(value) => change({ by: value === 'auto' ? undefined : value })} />;
}

function OverviewScope() {
  const { data } = useOverview();
  return (
    <>
      <RangePicker answered={undefined} />
      <ByChoice answered={data?.models[0]?.by} />
    </>
  );
}

function ModelScope({ model }: { model: string }) {
  const { data } = useWindows(model);
  const { zone, compare, from, change } = useScope();
  const zones: Option<Zone>[] = [
    { value: 'model', name: 'Model’s', about: data?.scope.timezone ?? 'The zone of the spec' },
    { value: 'local', name: 'Mine', about: Intl.DateTimeFormat().resolvedOptions().timeZone },
  ];
  const comparisons: Option<Compare>[] = [
    { value: 'none', name: 'Nothing' },
    {
      value: 'previous',
      name: 'Previous period',
      isDisabled: from === undefined,
      about: from === undefined ? 'All time has none before it' : 'Of the same length, right before',
    },
    { value: 'reference', name: 'Reference', about: 'Known-good data of the spec' },
  ];
  return (
    <>
      <RangePicker answered={data?.scope} />
      <ByChoice answered={data?.scope.by} />
      <ArmChoice windows={data} />
      <Choice label="Compare" value={compare} options={comparisons} onChange={(value) => change({ compare: value === 'none' ? undefined : value })} />
      <Choice label="Zone" value={zone} options={zones} onChange={(value) => change({ zone: value === 'local' ? 'local' : undefined })} />
    </>
  );
}

function ArmChoice({ windows }: { windows: Windows | undefined }) {
  const { arm, change } = useScope();
  const live = windows?.arms.find((each) => each.is_live)?.arm;
  const value = arm ?? live ?? windows?.scope.arm;
  if (windows === undefined || value === undefined) return null;
  const options = windows.arms.map((each) => ({
    value: each.arm,
    name: each.arm,
    about: [each.is_live ? 'live' : null, each.versions.join(', ')].filter(Boolean).join(' · '),
  }));
  return <Choice label="Arm" value={value} options={options} onChange={(next) => change({ arm: next === live ? undefined : next })} />;
}

function OverviewLive() {
  const { request, error } = useOverview();
  return <LiveDot request={request} hasError={error !== null} />;
}

function ModelLive({ model }: { model: string }) {
  const { request, error, data } = useWindows(model);
  return <LiveDot request={request} hasError={error !== null} latestEventAt={data?.scope.latest_event_at ?? null} />;
}
