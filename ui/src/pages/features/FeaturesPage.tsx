// The page Features.
import { Page } from '../../design/Page';

export function FeaturesPage() {
  return <Page title="Features">{null}</Page>;
}
