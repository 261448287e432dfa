// The page Model.
import { Page } from '../../design/Page';

export function ModelPage() {
  return <Page title="Model">{null}</Page>;
}
