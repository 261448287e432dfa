// The side bar: the overview, the pages of the chosen model, and the server's own at the bottom.
import { Link } from '@tanstack/react-router';
import { useWindows } from '../api/queries';
import type { Verdict } from '../api/types';
import mark from '../design/mark.svg';
import { Icon, type IconName } from '../design/Icon';
import { VerdictMark } from '../design/Verdict';
import { keepRange, keepScope } from '../scope/keep';
import { ARROWS } from '../words/arrows';
import { verdictName } from '../words/verdicts';
import styles from './Navigation.module.css';
import { MODEL_PLACES, OVERVIEW, STATUS } from './places';

export function Navigation({ model, version }: { model: string | null; version: string | undefined }) {
  return (
    <nav className={styles.navigation} aria-label="Pages">
      <Link to="/" search={keepRange} className={styles.brand}>
        <img src={mark} width="22" height="22" alt="" />
        Quiver
      </Link>
      <ul className={styles.list}>
        <li>
          <Link to={OVERVIEW.to} search={keepRange} activeOptions={{ exact: true, includeSearch: false }} className={styles.link}>
            <Icon name={OVERVIEW.icon} />
            {OVERVIEW.name}
          </Link>
        </li>
      </ul>
      {model !== null && <ModelLinks model={model} />}
      <ul className={styles.bottom}>
        <li>
          <Link to={STATUS.to} search={keepRange} activeOptions={{ includeSearch: false }} className={styles.link}>
            <Icon name={STATUS.icon} />
            {STATUS.name}
          </Link>
        </li>
        <li>
          <a href="/docs" className={styles.link}>
            <Icon name="docs" />
            API docs
          </a>
        </li>
        {version !== undefined && <li className={styles.version}>Quiver {version}</li>}
      </ul>
    </nav>
  );
}

function ModelLinks({ model }: { model: string }) {
  const { data } = useWindows(model);
  const arm = data?.arms.find((each) => each.arm === data.scope.arm) ?? data?.arms[0];
  const verdictOf = (number: number): Verdict | undefined => {
    const arrow = ARROWS[number - 1];
    return arm?.arrows.find((each) => each.arrow === arrow)?.verdict;
  };
  return (
    <>
      <p className={styles.model} title={model}>
        {model}
      </p>
      <ul className={styles.list}>
        {MODEL_PLACES.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to}
              params={{ model }}
              search={keepScope}
              activeOptions={{ exact: place.to === '/models/$model', includeSearch: false }}
              className={styles.link}
            >
              <Icon name={place.icon as IconName} />
              <span className={styles.name}>{place.name}</span>
              {place.arrow !== undefined && <ArrowMark verdict={verdictOf(place.arrow)} />}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function ArrowMark({ verdict }: { verdict: Verdict | undefined }) {
  return verdict === undefined ? null : <VerdictMark verdict={verdict} size={11} label={verdictName(verdict)} />;
}
