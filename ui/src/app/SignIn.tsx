// Asks for an API key where the server wants one.
import { type FormEvent, useState } from 'react';
import { Button } from '../design/Button';
import mark from '../design/mark.svg';
import styles from './SignIn.module.css';

export function SignIn({ wasRefused, onKey }: { wasRefused: boolean; onKey: (key: string) => void }) {
  const [text, setText] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') onKey(text.trim());
  };
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <img src={mark} width="32" height="32" alt="" />
        <h1>Sign in to Quiver</h1>
        <p className={styles.words}>This server asks for an API key. It stays in this tab and is forgotten when the tab closes.</p>
        <label className={styles.label} htmlFor="key">
          API key
        </label>
        <input
          id="key"
          type="password"
          className={styles.input}
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoComplete="current-password"
          autoFocus
          spellCheck={false}
          aria-invalid={wasRefused}
          aria-describedby={wasRefused ? 'refused' : undefined}
        />
        {wasRefused && (
          <p id="refused" role="alert" className={styles.refused}>
            That key was not accepted. It may be mistyped, expired, revoked, or not allowed to read.
          </p>
        )}
        <Button type="submit" look="accent" isDisabled={text.trim() === ''}>
          Sign in
        </Button>
        <p className={styles.words}>
          An administrator makes keys with <code>quiver keys create</code>.
        </p>
      </form>
    </main>
  );
}
