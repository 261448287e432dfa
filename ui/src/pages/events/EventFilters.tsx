// The filters above the events: kind and id for all, the rest for predictions.
import { useSlices, useSpec, useSpecs, useWindows } from '../../api/queries';
import type { EventRow } from '../../api/types';
import { Button } from '../../design/Button';
import { Choice } from '../../design/Choice';
import { RangeField } from '../../design/RangeField';
import { SearchField } from '../../design/SearchField';
import { Segments } from '../../design/Segments';
import { SuggestField } from '../../design/SuggestField';
import styles from './events.module.css';
import { type Filters, isFiltered, KINDS } from './filters';

interface EventFiltersProps {
  model: string;
  filters: Filters;
  /** Those in sight, whose names are suggested. */
  rows: readonly EventRow[];
  onChange: (patch: Partial<Filters>) => void;
  onClear: () => void;
}

export function EventFilters({ model, filters, rows, onChange, onClear }: EventFiltersProps) {
  return (
    <div role="search" aria-label="Filter the events" className={styles.filters}>
      <Segments label="Kind" value={filters.kind} options={KINDS} onChange={(kind) => onChange({ kind })} />
      <SearchField label={ID_LABELS[filters.kind]} placeholder="Find by id" value={filters.id} onChange={(id) => onChange({ id: id.trim() })} />
      {isFiltered(filters) && (
        <Button look="quiet" icon="close" onPress={onClear}>
          Clear
        </Button>
      )}
      {filters.kind === 'prediction' && (
        <>
          <span className={styles.break} />
          <PredictionFilters model={model} filters={filters} rows={rows} onChange={onChange} />
        </>
      )}
    </div>
  );
}

const ID_LABELS: Readonly<Record<Filters['kind'], string>> = {
  prediction: 'Prediction or decision id',
  feedback: 'Id, prediction or decision',
  heartbeat: 'Heartbeat id',
  change: 'Change id',
};

const FAILED = [
  { value: '', name: 'any' },
  { value: 'true', name: 'failed' },
  { value: 'false', name: 'answered' },
] as const;

function PredictionFilters({ model, filters, rows, onChange }: Omit<EventFiltersProps, 'onClear'>) {
  const windows = useWindows(model).data;
  const current = useSpecs(model).data?.versions.find((version) => version.is_current)?.number ?? null;
  const spec = useSpec(model, current).data?.spec;
  const decision = spec?.decision as { actions?: string[] } | undefined;
  const sliceNames = (spec?.slices as string[] | undefined) ?? [];
  const versions = windows?.arms.flatMap((arm) => arm.versions) ?? [];
  const slices = sorted([...sliceNames, filters.slice_name]).map((name) => ({ value: name, name }));
  return (
    <>
      <SuggestField label="Version" value={filters.version} names={sorted(versions)} onChange={(version) => onChange({ version })} />
      <SuggestField
        label="Action"
        value={filters.action}
        names={sorted([...(decision?.actions ?? []), ...rows.map((row) => row.action)])}
        onChange={(action) => onChange({ action })}
      />
      <Choice label="Answer" value={failedOf(filters)} options={FAILED} onChange={(failed) => onChange({ failed })} />
      <RangeField
        label="Score"
        from={filters.min_score}
        to={filters.max_score}
        onChange={(min_score, max_score) => onChange({ min_score, max_score })}
      />
      {slices.length > 0 && (
        <Choice
          label="Slice"
          value={filters.slice_name}
          options={[{ value: '', name: 'any' }, ...slices]}
          onChange={(slice_name) => onChange({ slice_name, slice_value: '' })}
        />
      )}
      {filters.slice_name !== '' && <SliceValue model={model} filters={filters} onChange={onChange} />}
    </>
  );
}

const failedOf = ({ failed }: Filters): (typeof FAILED)[number]['value'] => (failed === 'true' || failed === 'false' ? failed : '');

function SliceValue({ model, filters, onChange }: Pick<EventFiltersProps, 'model' | 'filters' | 'onChange'>) {
  const { data } = useSlices(model);
  const values = data?.slices.find((slice) => slice.name === filters.slice_name)?.values ?? [];
  return (
    <SuggestField
      label={`${filters.slice_name} =`}
      value={filters.slice_value}
      names={values.map((each) => each.value)}
      onChange={(slice_value) => onChange({ slice_value })}
    />
  );
}

/** Names once each, in order, without what is empty. */
const sorted = (names: readonly (string | null)[]): string[] =>
  [...new Set(names.filter((name) => name !== null && name !== ''))].sort((left, right) => String(left).localeCompare(String(right), 'en', { numeric: true })) as string[];
