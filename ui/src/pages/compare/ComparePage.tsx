// The page Compare.
import { Page } from '../../design/Page';

export function ComparePage() {
  return <Page title="Compare">{null}</Page>;
}
