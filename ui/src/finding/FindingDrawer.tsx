// One finding in full, over whatever page is open.
import { Drawer } from '../design/Drawer';
import { capital, findingTitle } from '../words/monitors';
import { type ShownFinding, useShownFinding } from './address';

export default function FindingDrawer({ shown }: { model: string; shown: ShownFinding }) {
  const { close } = useShownFinding();
  return (
    <Drawer title={capital(findingTitle(shown))} isOpen onClose={close}>
      {shown.start}
    </Drawer>
  );
}
