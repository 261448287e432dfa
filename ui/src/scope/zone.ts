// The time zone in which times are shown: the model's own, or the reader's.
import { createContext, useContext } from 'react';
import { localZone } from '../words/times';
import { useScope } from './scope';

/** The zone of the model in the address, set by the shell once it is known. */
export const ModelZone = createContext('UTC');

export function useZone(): string {
  const modelZone = useContext(ModelZone);
  const { zone } = useScope();
  return zone === 'local' ? localZone() : modelZone;
}
