// The page Inference.
import { Page } from '../../design/Page';

export function InferencePage() {
  return <Page title="Inference">{null}</Page>;
}
