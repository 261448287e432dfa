// Explains the conventions by which numbers are computed; the text follows docs/conventions.md.
interface Explained {
  starts: string;
  words: string;
}

// The first that a convention's name starts with explains it.
const MEASURES: readonly Explained[] = [
  {
    starts: 'psi/',
    words:
      'Population stability index: the sum over bins of (current − reference share) × ln(current ÷ reference share). A bin that is empty on one side counts as half a row there.',
  },
  { starts: 'kl/', words: 'Kullback-Leibler divergence of current from reference over the bins, in nats.' },
  { starts: 'js/base2/distance', words: 'Jensen-Shannon distance: the square root of the divergence, base 2; 0 is equal, 1 is disjoint.' },
  { starts: 'hellinger/', words: 'Hellinger distance of the bin shares; 0 is equal, 1 is disjoint.' },
  { starts: 'total_variation/', words: 'Total variation: half the sum of the absolute differences of the bin shares.' },
  { starts: 'l_infinity/', words: 'The largest absolute difference of a bin’s share.' },
  { starts: 'chi_square/', words: 'Cramér’s V of the table of reference and current by bin.' },
  { starts: 'ks/exact', words: 'Kolmogorov-Smirnov: the largest gap of the two distribution functions, from all values.' },
  { starts: 'ks/cells', words: 'Kolmogorov-Smirnov at the borders of the frozen bins: a lower bound of the exact gap.' },
  { starts: 'wasserstein/normalised', words: 'The area between the two distribution functions, in standard deviations of the reference.' },
  { starts: 'near_unique/', words: 'Most values are different from each other, so shares of distinct values and of nulls and the lengths are compared.' },
  { starts: 'cosine/centroid', words: 'One minus the cosine of the mean vectors.' },
  { starts: 'roc_auc', words: 'The chance that a positive scores above a negative, ties count half; interval by DeLong, 99.9 %.' },
  { starts: 'log_loss', words: 'Mean of −ln of the probability given to the truth, clipped at 2⁻⁵²; normal interval, 99.9 %.' },
  { starts: 'brier', words: 'Mean squared difference of score and label; normal interval, 99.9 %.' },
  { starts: 'ece/10-equal-width', words: 'Calibration error: ten bins of equal width; the mean over rows of |mean score − share of positives|.' },
  { starts: 'precision', words: 'Of the predictions at or above the threshold, the share that was positive; Wilson interval, 99.9 %.' },
  { starts: 'recall', words: 'Of the positives, the share at or above the threshold; Wilson interval, 99.9 %.' },
  { starts: 'accuracy', words: 'The share of predictions on the right side of the threshold; Wilson interval, 99.9 %.' },
  { starts: 'f1', words: '2 TP ÷ (2 TP + FP + FN); Wilson interval on the Jaccard share, carried over, 99.9 %.' },
  { starts: 'mae', words: 'Mean absolute error; normal interval, 99.9 %.' },
  { starts: 'rmse', words: 'Root of the mean squared error; normal interval on the square, carried over, 99.9 %.' },
  { starts: 'share', words: 'A count of rows over all rows; Wilson interval, 99.9 %.' },
  { starts: 'quantile/order-statistics', words: 'A quantile by order statistics; the interval lies between the order statistics that hold it at 99.9 %.' },
  { starts: 'quantile/log-linear', words: 'A quantile from fixed log-linear bins: at most 0.8 % off in value.' },
  { starts: 'count/arrival-hour', words: 'A count of what the door kept out or changed, filed under the hour of arrival.' },
];

const BINS: readonly { contains: string; words: string }[] = [
  {
    contains: 'quantile10+heavy+range+null',
    words:
      'Bins: values that hold 10 % or more of the reference are bins of their own, the others are cut at the reference’s quantiles; below, above and null have a bin each. Edges are frozen by the reference.',
  },
  {
    contains: 'categories+unseen+null',
    words: 'Bins: one for each category of the reference and the spec, one for all others, one for null.',
  },
];

/** What the name of a convention means; null where this page does not know it. */
export function explainConvention(convention: string): string | null {
  const measure = MEASURES.find((each) => convention.startsWith(each.starts));
  if (measure === undefined) return null;
  const bins = BINS.find((each) => convention.includes(each.contains));
  return bins === undefined ? measure.words : `${measure.words} ${bins.words}`;
}

export const NOISE_FLOOR_WORDS =
  'What no drift would exceed at these sample sizes in 99.9 % of cases, or the largest distance among the reference’s own windows of this length, whichever is larger.';
