// The places of the navigation, in one list for the side bar, the palette and the keys; later pages are added here.
import type { IconName } from '../design/Icon';

export interface Place {
  name: string;
  icon: IconName;
  /** After `g`. */
  key: string;
  to: ModelAddress | '/' | '/status';
}

type ModelAddress =
  | '/models/$model'
  | '/models/$model/features'
  | '/models/$model/inference'
  | '/models/$model/decision'
  | '/models/$model/feedback'
  | '/models/$model/compare'
  | '/models/$model/events'
  | '/models/$model/spec';

export const OVERVIEW: Place = { name: 'Overview', icon: 'overview', key: 'o', to: '/' };
export const STATUS: Place = { name: 'Status', icon: 'status', key: 't', to: '/status' };

export interface ModelPlace extends Place {
  to: ModelAddress;
  /** The number of the arrow that the page is about. */
  arrow?: 1 | 2 | 3 | 4;
}

export const MODEL_PLACES: readonly ModelPlace[] = [
  { name: 'Model', icon: 'model', key: 'm', to: '/models/$model' },
  { name: 'Features', icon: 'features', key: 'f', to: '/models/$model/features', arrow: 1 },
  { name: 'Inference', icon: 'inference', key: 'i', to: '/models/$model/inference', arrow: 2 },
  { name: 'Decision', icon: 'decision', key: 'd', to: '/models/$model/decision', arrow: 3 },
  { name: 'Feedback', icon: 'feedback', key: 'b', to: '/models/$model/feedback', arrow: 4 },
  { name: 'Compare', icon: 'compare', key: 'c', to: '/models/$model/compare' },
  { name: 'Events', icon: 'events', key: 'e', to: '/models/$model/events' },
  { name: 'Spec', icon: 'spec', key: 's', to: '/models/$model/spec' },
];
