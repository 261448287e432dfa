// Saves all features that the table's filter finds as CSV, also those that were not scrolled to.
import { useState } from 'react';
import { askAllFeatures } from '../../api/feature-pages';
import type { Request } from '../../api/queries';
import { saveCsv } from '../../charts/save';
import { Button } from '../../design/Button';
import { featureNumbers } from './list';

type State = 'idle' | 'asking' | 'failed';

export function SaveFeatures({ model, request }: { model: string; request: Request }) {
  const [state, setState] = useState<State>('idle');
  const save = async (): Promise<void> => {
    setState('asking');
    try {
      saveCsv(featureNumbers(await askAllFeatures(request)), `${model} features`);
      setState('idle');
    } catch {
      setState('failed');
    }
  };
  return (
    <>
      <span role="status" className="unseen">
        {state === 'failed' ? 'The features could not be saved' : ''}
      </span>
      <Button icon={state === 'failed' ? 'warning' : 'download'} look="quiet" isDisabled={state === 'asking'} onPress={() => void save()}>
        {state === 'failed' ? 'CSV failed, again' : 'CSV'}
      </Button>
    </>
  );
}
