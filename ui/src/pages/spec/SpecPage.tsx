// The page Spec: the one-page evaluation in words beside the text its owner wrote, and the differences of its versions.
import { useParams } from '@tanstack/react-router';
import { useSpec, useSpecs } from '../../api/queries';
import type { Specs } from '../../api/types';
import { Choice } from '../../design/Choice';
import { Page } from '../../design/Page';
import { Segments } from '../../design/Segments';
import { Loaded, Skeleton } from '../../design/States';
import { useSearchText } from '../../scope/scope';
import { useZone } from '../../scope/zone';
import { dateWords } from '../../words/times';
import { Differences } from './Differences';
import styles from './spec.module.css';
import { SpecText } from './SpecText';
import { SpecParticulars, SpecWords } from './SpecWords';
import { parsedOf } from './parsed';
import { type View, VIEWS, viewOf } from './views';

export function SpecPage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const specs = useSpecs(model);
  const [versionText, setVersion] = useSearchText('version');
  const [viewText, setView] = useSearchText('view', 'words');
  const view = viewOf(viewText);
  const versions = specs.data?.versions ?? [];
  const version = versions.find((each) => String(each.number) === versionText) ?? versions.find((each) => each.is_current) ?? versions[0];
  return (
    <Page
      title="Spec"
      model={model}
      about="What the model is for, and what “working” means, as its owner wrote it."
      actions={
        version !== undefined && (
          <>
            <VersionChoice label="Version" specs={specs.data} value={version.number} onChange={(number) => setVersion(number)} />
            <Segments label="View" value={view} options={VIEWS} onChange={(next: View) => setView(next)} />
          </>
        )
      }
    >
      <Loaded query={specs} skeleton={<SpecSkeleton />}>
        {() =>
          version === undefined ? null : view === 'words' ? (
            <Reading model={model} number={version.number} />
          ) : (
            <Differences model={model} versions={versions} number={version.number} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Reading({ model, number }: { model: string; number: number }) {
  const query = useSpec(model, number);
  return (
    <Loaded query={query} skeleton={<SpecSkeleton />}>
      {(detail) => {
        const spec = parsedOf(detail.spec);
        return (
          <>
            <div className={spec === null ? styles.alone : styles.reading}>
              {spec !== null && <SpecWords spec={spec} />}
              <SpecText detail={detail} request={query.request} />
            </div>
            {spec !== null && <SpecParticulars model={model} spec={spec} />}
          </>
        );
      }}
    </Loaded>
  );
}

interface VersionChoiceProps {
  label: string;
  specs: Specs | undefined;
  value: number;
  onChange: (number: string) => void;
}

function VersionChoice({ label, specs, value, onChange }: VersionChoiceProps) {
  const zone = useZone();
  const options = (specs?.versions ?? []).map(({ number, created_at, is_current }) => ({
    value: String(number),
    name: `${number}${is_current ? ', in force' : ''}`,
    about: `Since ${dateWords(created_at, zone)}`,
  }));
  return <Choice label={label} value={String(value)} options={options} onChange={onChange} />;
}

function SpecSkeleton() {
  return (
    <div className={styles.reading}>
      <Skeleton height={560} />
      <Skeleton height={560} />
    </div>
  );
}
