// The frame of the application: side bar, top bar, the page, and what lies over it: palette, help, a finding, sign-in.
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, Suspense, lazy, useEffect, useState, useSyncExternalStore } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { useQueryClient } from '@tanstack/react-query';
import { keyStore } from '../api/key';
import { SESSION_KEY, useSession, useWindows } from '../api/queries';
import { refusalOf } from '../api/try-key';
import type { Session } from '../api/types';
import { useShownFinding } from '../finding/address';
import { useModel } from '../scope/scope';
import { ModelZone } from '../scope/zone';
import { KeyboardHelp } from './KeyboardHelp';
import { Navigation } from './Navigation';
import styles from './Shell.module.css';
import { SignIn } from './SignIn';
import { TopBar } from './TopBar';
import { useShortcuts } from './shortcuts';

const loadPalette = () => import('./CommandPalette');
const CommandPalette = lazy(loadPalette);
const FindingDrawer = lazy(() => import('../finding/FindingDrawer'));

const PALETTE_AFTER_MILLISECONDS = 2_000;

type Over = 'palette' | 'help' | 'menu' | null;

export function Shell() {
  const key = useSyncExternalStore(keyStore.subscribe, keyStore.read);
  const queries = useQueryClient();
  const session = useSession();
  const refusal = session.data === undefined ? null : refusalOf(session.data);
  const isSignedOut = session.data?.requires_key === true && key.key === null;
  const signIn = (text: string, opened: Session): void => {
    // Answers and refusals of the key before say nothing of this one.
    queries.clear();
    queries.setQueryData(SESSION_KEY, opened);
    keyStore.signIn(text);
  };
  // Whether a key is needed is known before anything else is asked, so that nothing is refused in vain.
  if (session.data === undefined && session.error === null) return null;
  if (isSignedOut || key.isRefused || refusal !== null) {
    return <SignIn refusal={key.key === null ? null : (refusal ?? 'The key is no longer accepted.')} onKey={signIn} />;
  }
  const signOut = (): void => {
    keyStore.signOut();
    queries.clear();
  };
  return <Frame version={session.data?.version} onSignOut={key.key === null ? undefined : signOut} />;
}

function Frame({ version, onSignOut }: { version: string | undefined; onSignOut: (() => void) | undefined }) {
  const model = useModel();
  const [over, setOver] = useState<Over>(null);
  const close = (): void => setOver(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const navigate = useNavigate();
  const { shown } = useShownFinding();
  useShortcuts({ model, navigate, openPalette: () => setOver('palette'), openHelp: () => setOver('help'), isCovered: over !== null });
  useEffect(() => setOver(null), [path]);
  // There when its keys are pressed, and not before the page.
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), PALETTE_AFTER_MILLISECONDS);
    return () => clearTimeout(timer);
  }, []);
  const frame = (
    <div className={styles.shell}>
      <a href="#page" className={styles.skip}>
        To the page
      </a>
      <div className={styles.side}>
        <div className={styles.sticking}>
          <Navigation model={model} version={version} />
        </div>
      </div>
      <div className={styles.main}>
        <TopBar model={model} onMenu={() => setOver('menu')} onPalette={() => setOver('palette')} onHelp={() => setOver('help')} onSignOut={onSignOut} />
        <main id="page" tabIndex={-1} className={styles.page}>
          <Outlet />
        </main>
      </div>
      <ModalOverlay className={styles.veil!} isOpen={over === 'menu'} isDismissable onOpenChange={(isOpen) => !isOpen && close()}>
        <Modal className={styles.drawer!}>
          <Dialog aria-label="Pages" className={styles.dialog!}>
            <Navigation model={model} version={version} />
          </Dialog>
        </Modal>
      </ModalOverlay>
      <KeyboardHelp isOpen={over === 'help'} onClose={close} />
      <Suspense>
        {over === 'palette' && <CommandPalette model={model} onClose={close} />}
        {model !== null && shown !== null && <FindingDrawer model={model} shown={shown} />}
      </Suspense>
    </div>
  );
  // One tree for all pages: going to a model and back must not rebuild the frame.
  return <WithModelZone model={model}>{frame}</WithModelZone>;
}

function WithModelZone({ model, children }: { model: string | null; children: ReactNode }) {
  const { data } = useWindows(model ?? '', { enabled: model !== null });
  return <ModelZone value={data?.scope.timezone ?? 'UTC'}>{children}</ModelZone>;
}
