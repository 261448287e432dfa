// What stands in a page's place: while its code loads, when it fails, where there is none.
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { ButtonLink } from '../design/Button';
import { Page } from '../design/Page';
import { EmptyState, ErrorState, Skeleton } from '../design/States';

export function PagePending() {
  return (
    <Page title="">
      <Skeleton height={160} />
      <Skeleton height={240} />
    </Page>
  );
}

export function PageFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page failed">
      <ErrorState error={error instanceof Error ? error : new Error(String(error))} retry={retry} />
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title="Nothing here">
      <EmptyState title="There is no such page" action={<ButtonLink to="/">To the overview</ButtonLink>}>
        The address may be old or mistyped.
      </EmptyState>
    </Page>
  );
}
