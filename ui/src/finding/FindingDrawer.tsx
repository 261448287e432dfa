// What was found, over whatever page is open: one finding in full, or all of one arrow in one period.
import { useFindings, useWindows } from '../api/queries';
import type { By, Finding } from '../api/types';
import { Drawer } from '../design/Drawer';
import { EmptyState, Loaded, SkeletonLines } from '../design/States';
import { ARROW_WORDS } from '../words/arrows';
import { findingHeading } from '../words/monitors';
import { type Shown, type ShownCell, type ShownFinding, useShownFinding } from './address';
import { CellFindings } from './CellFindings';
import { FindingDetail } from './FindingDetail';

export default function FindingDrawer({ model, shown }: { model: string; shown: Shown }) {
  const { close } = useShownFinding();
  // The same periods as on the page: without them the server would cut the window anew.
  const windows = useWindows(model);
  const by = windows.data?.scope.by;
  const title = shown.monitor === null ? ARROW_WORDS[shown.arrow].name : findingHeading(shown);
  return (
    <Drawer title={title} isOpen onClose={close}>
      {shown.monitor === null ? <Cell model={model} shown={shown} by={by} /> : <One model={model} shown={shown} by={by} />}
    </Drawer>
  );
}

function Cell({ model, shown, by }: { model: string; shown: ShownCell; by: By | undefined }) {
  const { arrow, start, end, arm } = shown;
  const query = useFindings(model, { arrow, from: start, to: end, limit: 500, ...(by && { by }) }, { arm, enabled: by !== undefined });
  return (
    <Loaded query={query} skeleton={<SkeletonLines lines={8} />}>
      {({ findings, total }) => <CellFindings shown={shown} findings={findings} total={total} />}
    </Loaded>
  );
}

function One({ model, shown, by }: { model: string; shown: ShownFinding; by: By | undefined }) {
  const { arrow, monitor, subject, slice, start, end, arm } = shown;
  const query = useFindings(
    model,
    {
      arrow,
      monitor,
      subject,
      from: start,
      to: end,
      ...(slice && { slice_name: slice.name, slice_value: slice.value }),
      ...(by && { by }),
    },
    { arm, enabled: by !== undefined },
  );
  return (
    <Loaded query={query} skeleton={<SkeletonLines lines={12} />}>
      {({ findings }) => {
        const finding = findings.find((each) => isShown(each, shown));
        return finding === undefined ? (
          <EmptyState title="There is no such finding">The spec may have changed, or this period was not judged by it.</EmptyState>
        ) : (
          <FindingDetail model={model} finding={finding} />
        );
      }}
    </Loaded>
  );
}

const isShown = (finding: Finding, { subject, monitor, slice, start }: ShownFinding): boolean =>
  finding.subject === subject &&
  finding.monitor === monitor &&
  Date.parse(finding.window.start) === Date.parse(start) &&
  finding.slice?.name === slice?.name &&
  finding.slice?.value === slice?.value;
