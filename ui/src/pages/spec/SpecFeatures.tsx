// The features that a spec declares: type, valid values, source, what absence means, and how private they are.
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { type Column, DataTable } from '../../design/DataTable';
import { Panel } from '../../design/Panel';
import { SearchField } from '../../design/SearchField';
import { EmptyState } from '../../design/States';
import { keepScope } from '../../scope/keep';
import { plural, UNKNOWN } from '../../words/numbers';
import type { Feature, Spec } from './parsed';
import { absentWords, privacyWords, sourceWords, validWords } from './words';

interface Row {
  name: string;
  feature: Feature;
}

/** So many are searched by eye. */
const FEW = 12;

export function SpecFeatures({ model, spec }: { model: string; spec: Spec }) {
  const navigate = useNavigate();
  const [search, setSearch] = useState('');
  const rows = useMemo(() => Object.entries(spec.features).map(([name, feature]) => ({ name, feature })), [spec]);
  const columns = useMemo(() => columnsOf(model, spec), [model, spec]);
  const wanted = search.trim().toLowerCase();
  const found = rows.filter((row) => `${row.name} ${row.feature.source ?? ''}`.toLowerCase().includes(wanted));
  return (
    <Panel
      title="Features"
      note={`${plural(rows.length, 'feature')} of the events; what is not declared is dropped at the door and counted`}
      actions={rows.length > FEW ? <SearchField label="Find a feature or source" placeholder="Find a feature" value={search} onChange={setSearch} /> : undefined}
      isFlush
    >
      {found.length === 0 ? (
        <EmptyState title="No feature matches" />
      ) : (
        <DataTable
          label="Declared features"
          rows={found}
          columns={columns}
          rowKey={(row) => row.name}
          rowHeight={34}
          maximumHeight="580px"
          onOpen={(row) => void navigate({ to: '/models/$model/features/$feature', params: { model, feature: row.name }, search: keepScope })}
        />
      )}
    </Panel>
  );
}

function columnsOf(model: string, spec: Spec): Column<Row>[] {
  const features = Object.values(spec.features);
  const hasSource = features.some((feature) => sourceWords(feature, spec.sources) !== '');
  return [
    {
      id: 'name',
      header: 'Feature',
      cell: ({ name }) => (
        <Link to="/models/$model/features/$feature" params={{ model, feature: name }} search={keepScope} tabIndex={-1}>
          {name}
        </Link>
      ),
      sortValue: ({ name }) => name,
      width: 140,
    },
    { id: 'type', header: 'Type', cell: ({ feature }) => feature.type, sortValue: ({ feature }) => feature.type, width: 96 },
    { id: 'valid', header: 'Valid', cell: ({ feature }) => titled(validWords(feature)), width: 160, isGrowing: true },
    ...(hasSource
      ? [
          {
            id: 'source',
            header: 'Source',
            cell: ({ feature }: Row) => titled(sourceWords(feature, spec.sources) || UNKNOWN),
            sortValue: ({ feature }: Row) => feature.source,
            width: 230,
          },
        ]
      : []),
    { id: 'absent', header: 'Without a value', cell: ({ feature }) => titled(absentWords(feature)), width: 200 },
    { id: 'privacy', header: 'Privacy', cell: ({ feature }) => titled(privacyWords(feature)), sortValue: ({ feature }) => feature.privacy, width: 150 },
  ];
}

/** What does not fit its column is told in full on hover. */
const titled = (words: string) => <span title={words}>{words}</span>;
