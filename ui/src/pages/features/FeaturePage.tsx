// The page Feature.
import { Page } from '../../design/Page';

export function FeaturePage() {
  return <Page title="Feature">{null}</Page>;
}
