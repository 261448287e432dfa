// The page Feedback.
import { Page } from '../../design/Page';

export function FeedbackPage() {
  return <Page title="Feedback">{null}</Page>;
}
