// The parsed spec as the API gives it: quantities as people write them, defaults filled in where the reader needs them.
import type { Metric } from './metrics';

export interface Spec {
  model: string;
  owner?: string;
  task: 'binary' | 'multiclass' | 'regression' | 'ranking' | 'generation';
  timezone: string;
  purpose?: Purpose;
  quality?: QualityTarget[];
  service?: Service;
  feedback?: Feedback;
  sources?: Record<string, Source>;
  features: Record<string, Feature>;
  slices?: string[];
  decision?: Decision;
  cost?: { prices: Record<string, string>; at_most?: string };
  reference?: { from?: string; to?: string; file?: string; version?: string };
  drift: { measure: DriftMeasure; window: string; limit?: number };
  alarms?: { sustained?: string; false_pages?: string };
  capture?: { features: string };
  privacy?: { subject?: string; retention: { events: string; profiles: string } };
  columns?: Columns;
}

export interface Purpose {
  metric: string;
  from: 'feedback' | 'prediction';
  aggregate: 'mean' | 'sum' | 'count';
  direction: 'up' | 'down';
  unit?: string;
  within?: string;
}

export interface QualityTarget {
  metric: Metric;
  threshold?: number;
  at_least?: number;
  at_most?: number;
  by?: string;
}

export interface Service {
  p50_latency?: string;
  p95_latency?: string;
  p99_latency?: string;
  error_rate?: string;
  invalid_rate?: string;
  availability?: string;
}

export interface Feedback {
  label: string;
  source?: string;
  expected_delay?: { p50?: string; p95?: string };
  horizon: string;
}

export interface Source {
  max_age?: string;
  owner?: string;
}

export type Privacy = 'public' | 'internal' | 'personal' | 'sensitive' | 'secret' | 'subject' | 'free_text';
export type PrivacyAction = 'keep' | 'drop' | 'mask' | 'hash' | 'replace';

export interface Feature {
  type: 'number' | 'category' | 'boolean' | 'text' | 'timestamp' | 'embedding';
  unit?: string;
  range?: [number, number];
  values?: (string | number | boolean)[];
  required?: boolean;
  max_missing?: string;
  source?: string;
  max_age?: string;
  default?: string | number | boolean;
  max_length?: number;
  dimension?: number;
  privacy: Privacy;
  action?: PrivacyAction;
}

export interface Decision {
  threshold?: number;
  actions?: string[];
  rate?: [string, string];
  fallback_rate?: string;
  override_rate?: string;
}

export type DriftMeasure = 'psi' | 'kl' | 'js' | 'hellinger' | 'total_variation' | 'l_infinity' | 'ks' | 'wasserstein';

export type Columns = Record<string, string | Record<string, string | Record<string, string>>>;

/** The spec of an answer; the server has checked it. */
export const parsedOf = (spec: Readonly<Record<string, unknown>> | null): Spec | null => spec as unknown as Spec | null;
