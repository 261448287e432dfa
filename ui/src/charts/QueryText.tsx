// The request behind a chart as a command to copy.
import { useState } from 'react';
import { type Request } from '../api/queries';
import { address } from '../api/client';
import { keyStore } from '../api/key';
import { Button } from '../design/Button';
import styles from './QueryText.module.css';

/** The key itself is never shown: the command names a variable that holds it. */
export function curlOf(request: Request): string {
  const key = keyStore.read().key === null ? '' : ` -H "Authorization: Bearer $QUIVER_KEY"`;
  return `curl '${location.origin}${address(request.path, request.parameters).replaceAll("'", '%27')}'${key}`;
}

export function QueryText({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div className={styles.query}>
      <pre className={styles.text} tabIndex={0}>
        {text}
      </pre>
      <Button icon={isCopied ? 'check' : 'copy'} onPress={() => void copy()}>
        {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
