// The page Spec.
import { Page } from '../../design/Page';

export function SpecPage() {
  return <Page title="Spec">{null}</Page>;
}
