// A button that copies a text and says so.
import { useEffect, useState } from 'react';
import { Button, type ButtonProps } from './Button';
import { copyText } from './copy';

interface CopyButtonProps extends Pick<ButtonProps, 'look'> {
  /** Made when it is needed, so that a long text is not written for nothing. */
  makeText: () => string;
  label?: string;
}

const TOLD_MILLISECONDS = 2_000;

export function CopyButton({ makeText, label = 'Copy', look }: CopyButtonProps) {
  const [told, setTold] = useState<'Copied' | 'Not copied' | null>(null);
  useEffect(() => {
    if (told === null) return;
    const timer = setTimeout(() => setTold(null), TOLD_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async (): Promise<void> => setTold((await copyText(makeText())) ? 'Copied' : 'Not copied');
  return (
    <>
      <Button icon={told === 'Copied' ? 'check' : 'copy'} onPress={() => void copy()} {...(look ? { look } : {})}>
        {told ?? label}
      </Button>
      <span role="status" className="unseen">
        {told}
      </span>
    </>
  );
}
