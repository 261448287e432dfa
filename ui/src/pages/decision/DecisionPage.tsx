// The page Decision.
import { Page } from '../../design/Page';

export function DecisionPage() {
  return <Page title="Decision">{null}</Page>;
}
