// The values of a feature against the reference: bins side by side, and the figures beside them; of the range or one period.
import type { Request } from '../../api/queries';
import type { FeatureDetail } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Histogram } from '../../charts/Histogram';
import { Choice } from '../../design/Choice';
import { EmptyState } from '../../design/States';
import { useScope, useSearchText } from '../../scope/scope';
import { binWords } from '../../words/bins';
import { countWords } from '../../words/numbers';
import { periodWords, shortPeriodWords } from '../../words/times';
import styles from './Distribution.module.css';
import { ageIsUnknown } from './figures';
import { type Side, SideFigures } from './SideFigures';

const WHOLE = 'range';

interface DistributionProps {
  detail: FeatureDetail;
  previous: FeatureDetail | undefined;
  request: Request;
}

export function Distribution({ detail, previous, request }: DistributionProps) {
  const { compare } = useScope();
  const [chosen, choose] = useShownPeriod();
  const { feature, bins, periods, windows, reference } = detail;
  const index = periods.findIndex((period) => period.start === chosen);
  const period = periods[index];
  const shown = windows[index] ?? null;
  const current: Side = period !== undefined && shown !== null ? { name: shortPeriodWords(period), figures: shown } : { name: 'This range', figures: detail.current };
  const others = [
    reference === null ? null : { name: 'Reference', figures: reference },
    previous === undefined || previous.current.rows === 0 ? null : { name: 'Previous period', figures: previous.current },
  ].filter((side) => side !== null);
  const outline = (compare === 'previous' ? others.at(-1) : others[0]) ?? null;
  const options = [
    { value: WHOLE, name: 'Whole range' },
    ...periods.flatMap((each, place) => (windows[place] === null ? [] : [{ value: each.start, name: periodWords(each) }])),
  ];
  return (
    <ChartFrame
      title={outline === null ? 'Values' : `Values against the ${outline.name.toLowerCase()}`}
      note={[current, ...(outline === null ? [] : [outline])].map(({ name, figures }) => `${name}: ${countWords(figures.rows)} rows`).join(', ')}
      request={request}
      method={methodOf(detail)}
      hasImage={bins.length > 0}
      numbers={() => ({
        columns: ['Bin', current.name, ...(outline === null ? [] : [outline.name])],
        rows: bins.map((bin, place) => [
          binWords(bin),
          current.figures.bins[place] ?? null,
          ...(outline === null ? [] : [outline.figures.bins[place] ?? null]),
        ]),
      })}
      actions={<Choice label="Show" value={period !== undefined && shown !== null ? period.start : WHOLE} options={options} onChange={choose} />}
    >
      <div className={styles.sides}>
        <div className={styles.bins}>
          {bins.length === 0 ? <NoBins type={feature.type} hasReference={reference !== null} /> : <Bins detail={detail} current={current} outline={outline} />}
        </div>
        <SideFigures sides={[current, ...others]} unit={feature.unit} type={feature.type} isAgeKnown={!ageIsUnknown(detail.series)} />
      </div>
    </ChartFrame>
  );
}

function Bins({ detail, current, outline }: { detail: FeatureDetail; current: Side; outline: Side | null }) {
  return (
    <Histogram
      label={`Share of rows by bin: ${current.name}${outline === null ? '' : ` against ${outline.name.toLowerCase()}`}`}
      bins={detail.bins}
      current={{ name: current.name, counts: current.figures.bins }}
      reference={outline === null ? null : { name: outline.name, counts: outline.figures.bins }}
      unit={detail.feature.unit}
      height={detail.feature.type === 'boolean' ? 150 : 260}
      maximumCategories={14}
    />
  );
}

function NoBins({ type, hasReference }: { type: FeatureDetail['feature']['type']; hasReference: boolean }) {
  const isBinned = type === 'number' || type === 'category' || type === 'boolean';
  if (!isBinned) return <EmptyState title="No bins">Values of the type {type} are counted, but not put into bins.</EmptyState>;
  return (
    <EmptyState title="No reference">
      {hasReference
        ? 'The reference holds no value of this feature, so that there are no bins to count in.'
        : 'Bins are frozen by the reference, and the spec names none that holds rows of this arm.'}
    </EmptyState>
  );
}

function methodOf({ series, current, reference }: FeatureDetail) {
  const convention = series.find((each) => each.monitor === 'drift')?.convention ?? null;
  return {
    conventions: [convention],
    words: (
      <p>
        Bars are shares of rows in the bins that the reference froze. Bins of numbers hold about the same share of the reference each, so their
        widths differ.
      </p>
    ),
    rows: current.rows,
    referenceRows: reference?.rows ?? null,
  };
}

/** The period that the reader looks at, in the address: its start, or nothing for the whole range. */
export const useShownPeriod = (): [string, (start: string) => void] => useSearchText('period', WHOLE);
