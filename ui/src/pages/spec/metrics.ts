// The quality metrics that a spec may promise, each in one sentence.
export type Metric =
  | 'roc_auc'
  | 'log_loss'
  | 'brier'
  | 'calibration_error'
  | 'precision'
  | 'recall'
  | 'f1'
  | 'accuracy'
  | 'mae'
  | 'rmse';

export const METRICS: Readonly<Record<Metric, string>> = {
  roc_auc: 'How often a positive gets a higher score than a negative',
  log_loss: 'Mean negative log likelihood of the scores, in nats',
  brier: 'Mean squared difference of score and label',
  calibration_error: 'How far scores lie from the shares they claim',
  precision: 'True positives among the answers at or above the threshold',
  recall: 'True positives among the positive labels',
  f1: 'Harmonic mean of precision and recall',
  accuracy: 'Right answers among all',
  mae: 'Mean absolute error',
  rmse: 'Root of the mean squared error',
};
