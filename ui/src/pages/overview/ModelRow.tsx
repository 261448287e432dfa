// One model: its name, its four arrows left to right, its traffic and its cost.
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { OverviewArrow, OverviewModel } from '../../api/types';
import { Sparkline } from '../../charts/Sparkline';
import { VerdictLine } from '../../charts/VerdictLine';
import { classes } from '../../design/classes';
import { VerdictBadge } from '../../design/Verdict';
import { keepRange } from '../../scope/keep';
import { ARROW_WORDS } from '../../words/arrows';
import { metricName, valueWords } from '../../words/monitors';
import { costWords, countWords, listWords, plural, shortCountWords } from '../../words/numbers';
import { shortPeriodWords, spanWords } from '../../words/times';
import { episodeOf } from './episode';
import styles from './ModelRow.module.css';

const PAGES = {
  features: '/models/$model/features',
  inference: '/models/$model/inference',
  decision: '/models/$model/decision',
  feedback: '/models/$model/feedback',
} as const;

/** Remembered: a scroll draws the models anew that come into sight, and those alone. */
export const ModelRow = memo(function ModelRow({ model }: { model: OverviewModel }) {
  const rows = model.rows.reduce((sum, count) => sum + count, 0);
  const cost = model.cost_per_1k ?? null;
  return (
    <article className={styles.row} aria-label={model.model}>
      <div className={styles.name}>
        <h2>
          <Link to="/models/$model" params={{ model: model.model }} search={keepRange} title={model.model}>
            {model.model}
          </Link>
        </h2>
        <p title={model.purpose ?? undefined}>{[model.task, armWords(model)].filter(Boolean).join(' · ')}</p>
        {model.owner !== null && <p title={model.owner}>{model.owner}</p>}
      </div>
      {model.arrows.map((arrow) => (
        <ArrowCell key={arrow.arrow} model={model} arrow={arrow} />
      ))}
      <div className={styles.traffic} title={`${countWords(rows)} predictions of the live arm in the range`}>
        <span className={styles.figure}>{shortCountWords(rows)}</span>
        <Sparkline values={model.rows} look="bars" height={26} />
        <span className={styles.caption}>predictions</span>
      </div>
      <div className={styles.cost} title={cost === null ? 'The events carry no cost, or the spec no price' : 'Priced by the spec, over the range'}>
        <span className={classes(styles.figure, cost === null && styles.unknown)}>{costWords(cost, model.currency)}</span>
        <span className={styles.caption}>{cost === null ? 'no cost seen' : 'per 1k'}</span>
      </div>
    </article>
  );
});

function armWords({ arms, versions }: OverviewModel): string {
  if (arms.length > 1) return arms.length <= 3 ? listWords(arms) : plural(arms.length, 'arm');
  if (versions.length === 1) return versions[0] ?? '';
  return versions.length === 0 ? '' : plural(versions.length, 'version');
}

function ArrowCell({ model, arrow }: { model: OverviewModel; arrow: OverviewArrow }) {
  const words = ARROW_WORDS[arrow.arrow];
  const isFirst = model.first_broken?.arrow === arrow.arrow;
  const episode = episodeOf(model.periods, arrow.arrow, arrow.verdicts);
  // What the events do not carry has no line, whatever else of the arrow was counted.
  const lead = arrow.verdict === 'not_observed' ? null : arrow.lead;
  return (
    <Link
      to={PAGES[arrow.arrow]}
      params={{ model: model.model }}
      search={keepRange}
      className={classes(styles.arrow, isFirst && styles.first)}
      title={isFirst ? model.first_broken?.evidence : undefined}
    >
      <span className={styles.arrowName}>
        {words.number} {words.name}
      </span>
      <VerdictBadge verdict={arrow.verdict} look="bare" />
      <Sparkline values={lead?.values ?? []} limit={lead?.limit ?? null} verdict={arrow.verdict} height={26} />
      <VerdictLine verdicts={arrow.verdicts} />
      <span className={styles.caption}>
        {arrow.broken_since !== null ? (
          <strong className={styles.since}>since {shortPeriodWords(arrow.broken_since)}</strong>
        ) : episode !== null ? (
          <span className={styles.since} title={`Broken in ${spanWords(episode.first, episode.last)}, not now`}>
            broke {shortPeriodWords(episode.first)}
          </span>
        ) : (
          leadWords(lead)
        )}
      </span>
    </Link>
  );
}

/** What the small line shows, and its last value. */
function leadWords(lead: OverviewArrow['lead']): string {
  // Keeps the line's height.
  if (lead === null) return '\u00a0';
  const name = lead.monitor === 'score_drift' ? 'score drift' : lead.monitor === 'drift' ? `${lead.subject} drift` : metricName(lead.subject);
  return `${name} ${valueWords(lead.monitor, lead.values.findLast((value) => value !== null))}`;
}
