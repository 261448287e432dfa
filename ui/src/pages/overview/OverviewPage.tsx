// The first page: is every model doing what we think; if not, which arrow, and since when.
import { useMemo } from 'react';
import { useOverview } from '../../api/queries';
import type { OverviewModel } from '../../api/types';
import { Page } from '../../design/Page';
import { SearchField } from '../../design/SearchField';
import { Segments } from '../../design/Segments';
import { EmptyState, ErrorState } from '../../design/States';
import { Button } from '../../design/Button';
import { useSearchText } from '../../scope/scope';
import { plural } from '../../words/numbers';
import { Answer, evidenceWords } from './Answer';
import { type Health, HEALTH_NAMES, HEALTHS, healthOf } from './health';
import { ModelList, ModelListSkeleton } from './ModelList';
import styles from './OverviewPage.module.css';

export function OverviewPage() {
  const query = useOverview();
  const [search, setSearch] = useSearchText('search');
  const [health, setHealth] = useSearchText('health', 'all');
  const models = query.data?.models;
  const shown = useMemo(() => models?.filter((model) => matches(model, search) && (health === 'all' || healthOf(model) === health)), [models, search, health]);

  if (models === undefined) {
    return (
      <Page title="Overview" heading={query.error === null ? 'Looking at every model …' : 'Overview'}>
        {query.error === null ? <ModelListSkeleton /> : <ErrorState error={query.error} retry={() => void query.refetch()} />}
      </Page>
    );
  }
  if (models.length === 0) {
    return (
      <Page title="Overview" heading="No model yet">
        <EmptyState title="Quiver watches models that have a spec">
          <p>Write one from your own log, then start the server with it:</p>
          <pre className={styles.commands}>{'quiver init predictions.parquet --output model.yaml\nquiver serve --spec model.yaml'}</pre>
        </EmptyState>
      </Page>
    );
  }
  const isNarrowed = search !== '' || health !== 'all';
  return (
    <Page
      title="Overview"
      heading={<Answer models={models} />}
      about={evidenceWords(models)}
      actions={
        <>
          <SearchField label="Find a model" value={search} onChange={setSearch} />
          <HealthFilter models={models} value={health} onChange={setHealth} />
        </>
      }
    >
      {query.error !== null && (
        <p role="status" className={styles.stale}>
          Not refreshed: {query.error.message}
        </p>
      )}
      {shown === undefined || shown.length === 0 ? (
        <EmptyState
          title="No model matches"
          action={
            <Button
              onPress={() => {
                setSearch('');
                setHealth('all');
              }}
            >
              Show all {models.length}
            </Button>
          }
        />
      ) : (
        <ModelList models={shown} />
      )}
      <p className="unseen" role="status">
        {isNarrowed && shown !== undefined ? `${plural(shown.length, 'model')} shown` : ''}
      </p>
    </Page>
  );
}

function HealthFilter({ models, value, onChange }: { models: readonly OverviewModel[]; value: string; onChange: (value: string) => void }) {
  const counts = new Map<Health, number>();
  for (const model of models) counts.set(healthOf(model), (counts.get(healthOf(model)) ?? 0) + 1);
  const options = [
    { value: 'all', name: `All ${models.length}` },
    ...HEALTHS.filter((health) => (counts.get(health) ?? 0) > 0 || value === health).map((health) => ({
      value: health as string,
      name: `${HEALTH_NAMES[health]} ${counts.get(health) ?? 0}`,
    })),
  ];
  return <Segments label="Filter by verdict" value={value} options={options} onChange={onChange} />;
}

function matches(model: OverviewModel, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [model.model, model.owner ?? '', model.task, model.purpose ?? '', ...model.arms, ...model.versions].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}
