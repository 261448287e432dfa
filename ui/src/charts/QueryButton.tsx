// A button that shows the request behind what is on the page, for panels that are no charts.
import { useState } from 'react';
import type { Request } from '../api/queries';
import { Button } from '../design/Button';
import { Window } from '../design/Window';
import { curlOf, QueryText } from './QueryText';

export function QueryButton({ title, request }: { title: string; request: Request }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="quiet" onPress={() => setOpen(true)}>
        Query
      </Button>
      <Window title={`${title}: query`} isOpen={isOpen} onClose={() => setOpen(false)}>
        <QueryText text={curlOf(request)} />
      </Window>
    </>
  );
}
