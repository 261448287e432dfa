// Whether the pages follow the server, or stand still because the reader paused them.
import { type ReactNode, createContext, useContext, useMemo, useState } from 'react';

interface Live {
  isPaused: boolean;
  setPaused: (isPaused: boolean) => void;
}

const LiveContext = createContext<Live>({ isPaused: false, setPaused: () => undefined });

export function LiveProvider({ children }: { children: ReactNode }) {
  const [isPaused, setPaused] = useState(false);
  const live = useMemo(() => ({ isPaused, setPaused }), [isPaused]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export const useLive = (): Live => useContext(LiveContext);
