// Asks for an API key where the server wants one, and tries it before it is kept.
import { type FormEvent, useEffect, useId, useState } from 'react';
import { tryKey } from '../api/try-key';
import type { Session } from '../api/types';
import { Button } from '../design/Button';
import mark from '../design/mark.svg';
import styles from './SignIn.module.css';

interface SignInProps {
  /** Why the key of before is no longer good; null where there was none. */
  refusal: string | null;
  /** Told a good key, and the session that it opened. */
  onKey: (key: string, session: Session) => void;
}

export function SignIn({ refusal, onKey }: SignInProps) {
  const id = useId();
  const [text, setText] = useState('');
  const [isTrying, setTrying] = useState(false);
  const [told, setTold] = useState(refusal);
  useEffect(() => {
    document.title = 'Sign in · Quiver';
  }, []);
  useEffect(() => setTold(refusal), [refusal]);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const key = text.trim();
    if (key === '' || isTrying) return;
    setTrying(true);
    const tried = await tryKey(key);
    setTrying(false);
    if (tried.isGood) onKey(key, tried.session);
    else setTold(tried.words);
  };
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={(event) => void submit(event)} aria-busy={isTrying}>
        <img src={mark} width="32" height="32" alt="" />
        <h1>Sign in to Quiver</h1>
        <p className={styles.words}>This server asks for an API key. It stays in this tab and is forgotten when the tab closes.</p>
        <label className={styles.label} htmlFor={id}>
          API key
        </label>
        <input
          id={id}
          type="password"
          className={styles.input}
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder="qvr_…"
          autoComplete="current-password"
          autoCapitalize="none"
          autoFocus
          spellCheck={false}
          aria-invalid={told !== null}
          aria-describedby={told === null ? undefined : `${id}-told`}
        />
        {told !== null && (
          <p id={`${id}-told`} role="alert" className={styles.refused}>
            {told}
          </p>
        )}
        <Button type="submit" look="accent" isDisabled={text.trim() === '' || isTrying}>
          {isTrying ? 'Looking it up …' : 'Sign in'}
        </Button>
        <p className={styles.words}>
          Whoever runs the server makes keys with <code>quiver key create --name NAME --scope read</code>.
        </p>
      </form>
    </main>
  );
}
