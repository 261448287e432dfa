// What the spec says of a feature, in one line that wraps.
import type { FeatureDetail } from '../../api/types';
import { numberWords, plural } from '../../words/numbers';
import { durationWords } from '../../words/times';
import styles from './Declared.module.css';

type Feature = FeatureDetail['feature'];

export function Declared({ feature }: { feature: Feature }) {
  return (
    <>
      {declaredFacts(feature).map(({ name, value, title }) => (
        <span key={name} title={title}>
          <span className={styles.name}>{name}</span> {value}
        </span>
      ))}
    </>
  );
}

interface DeclaredFact {
  name: string;
  value: string;
  title?: string;
}

/** More declared values than this are counted, and told on hover. */
const MOST_VALUES = 6;

export function declaredFacts({ type, unit, range, values, source, max_age_seconds, privacy, is_required }: Feature): DeclaredFact[] {
  const age = max_age_seconds === null ? '' : `at most ${durationWords(max_age_seconds)} old`;
  return [
    { name: 'Type', value: unit === null ? type : `${type}, ${unit}` },
    ...(range === null ? [] : [{ name: 'Range', value: `${numberWords(range[0])} to ${numberWords(range[1])}` }]),
    ...(values === null
      ? []
      : [{ name: 'Values', value: values.length <= MOST_VALUES ? values.join(', ') : plural(values.length, 'declared value'), title: values.join(', ') }]),
    ...(source === null && age === '' ? [] : [{ name: 'Source', value: [source, age].filter(Boolean).join(', ') }]),
    { name: 'Privacy', value: privacy.replaceAll('_', ' ') },
    { name: 'Required', value: is_required ? 'yes' : 'no' },
  ];
}
