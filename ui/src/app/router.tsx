// Every address of the pages; each page is loaded when it is first opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { parseSearch, stringifySearch, validateSearch } from '../scope/search';
import { NotFound, PageFailed, PagePending } from './fallbacks';
import { Shell } from './Shell';

const root = createRootRoute({ component: Shell, validateSearch, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/overview/OverviewPage'), 'OverviewPage'),
});
const model = createRoute({
  getParentRoute: () => root,
  path: '/models/$model',
  component: lazyRouteComponent(() => import('../pages/model/ModelPage'), 'ModelPage'),
});
const features = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/features',
  component: lazyRouteComponent(() => import('../pages/features/FeaturesPage'), 'FeaturesPage'),
});
const feature = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/features/$feature',
  component: lazyRouteComponent(() => import('../pages/features/FeaturePage'), 'FeaturePage'),
});
const inference = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/inference',
  component: lazyRouteComponent(() => import('../pages/inference/InferencePage'), 'InferencePage'),
});
const decision = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/decision',
  component: lazyRouteComponent(() => import('../pages/decision/DecisionPage'), 'DecisionPage'),
});
const feedback = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/feedback',
  component: lazyRouteComponent(() => import('../pages/feedback/FeedbackPage'), 'FeedbackPage'),
});
const compare = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/compare',
  component: lazyRouteComponent(() => import('../pages/compare/ComparePage'), 'ComparePage'),
});
const events = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/events',
  component: lazyRouteComponent(() => import('../pages/events/EventsPage'), 'EventsPage'),
});
const event = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/events/$id',
  component: lazyRouteComponent(() => import('../pages/events/EventPage'), 'EventPage'),
});
const spec = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/spec',
  component: lazyRouteComponent(() => import('../pages/spec/SpecPage'), 'SpecPage'),
});
const status = createRoute({
  getParentRoute: () => root,
  path: '/status',
  component: lazyRouteComponent(() => import('../pages/status/StatusPage'), 'StatusPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    model,
    features,
    feature,
    inference,
    decision,
    feedback,
    compare,
    events,
    event,
    spec,
    status,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
