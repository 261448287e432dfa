// The answer of the first page in one sentence, told to screen readers when it changes.
import type { OverviewModel } from '../../api/types';
import { ARROW_WORDS } from '../../words/arrows';
import { findingWords } from '../../words/monitors';
import { plural } from '../../words/numbers';
import { periodWords, spanWords } from '../../words/times';
import { firstEpisode } from './episode';
import { healthOf } from './health';

export function Answer({ models }: { models: readonly OverviewModel[] }) {
  return <span aria-live="polite">{answerWords(models)}</span>;
}

export function answerWords(models: readonly OverviewModel[]): string {
  const broken = models.filter((model) => healthOf(model) === 'broken');
  const [first] = broken;
  if (first !== undefined) {
    if (broken.length > 1) return `${broken.length} of ${plural(models.length, 'model')} are broken`;
    const since = first.first_broken;
    const where = since === null ? '' : `: ${ARROW_WORDS[since.arrow].name}, since ${periodWords(since.since)}`;
    return `${first.model} is broken${where}`;
  }
  const past = models.flatMap((model) => firstEpisode(model) ?? []);
  const [episode] = past;
  if (episode !== undefined) {
    if (past.length > 1) return `Nothing is broken now; ${plural(past.length, 'model')} broke in this range`;
    const name = models.find((model) => firstEpisode(model) !== null)?.model ?? '';
    return `Nothing is broken now; ${name} was: ${ARROW_WORDS[episode.arrow].name}, ${spanWords(episode.first, episode.last)}`;
  }
  const judged = models.filter((model) => healthOf(model) !== 'unsure').length;
  if (judged === 0) return 'No model has a verdict yet';
  if (judged < models.length) return `Nothing is broken; ${plural(models.length - judged, 'model')} without a verdict`;
  return models.length === 1 ? 'The model does what its spec promises' : `All ${models.length} models do what their specs promise`;
}

/** What the first promise was that broke; of several models, which arrow of each. */
export function evidenceWords(models: readonly OverviewModel[]): string | undefined {
  const broken = models.filter((model) => model.first_broken !== null);
  if (broken.length === 1) {
    const finding = broken[0]?.first_broken?.finding ?? null;
    return finding === null ? undefined : `${findingWords(finding)}, on ${plural(finding.rows, 'row')}`;
  }
  const named = broken.slice(0, 3).map(({ model, first_broken: first }) =>
    first === null ? model : `${model}: ${ARROW_WORDS[first.arrow].name}, since ${periodWords(first.since)}`,
  );
  const rest = broken.length - named.length;
  if (named.length === 0) return undefined;
  return `${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}
