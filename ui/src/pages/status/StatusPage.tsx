// The page Status.
import { Page } from '../../design/Page';

export function StatusPage() {
  return <Page title="Status">{null}</Page>;
}
