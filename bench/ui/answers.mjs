// Measures the server's answers: every request that the pages made, again and again, one after the other.
import { setTimeout as pause } from 'node:timers/promises';

/** So often do open pages ask (`ui/src/api/queries.ts`). */
const REFRESH_MILLISECONDS = 5_000;

/** Share of the sorted values at or below. */
export function quantile(values, share) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The path without the names in it, so that requests of one kind count together. */
export function routeOf(url) {
  const parts = new URL(url).pathname.split('/');
  const names = { models: 'MODEL', features: 'FEATURE', events: 'ID', specs: 'NUMBER' };
  return parts.map((part, index) => (part === '' ? part : (names[parts[index - 1]] ?? part))).join('/');
}

/** Asks everything once; `asPages` with the headers of the pages, otherwise as a script, which is given nothing that is out of date. */
async function askAll(base, requests, asPages, routes) {
  for (const { path, cacheControl } of requests) {
    const headers = asPages && cacheControl !== undefined ? { 'Cache-Control': cacheControl } : {};
    const began = performance.now();
    const response = await fetch(base + path, { headers });
    const body = await response.arrayBuffer();
    const milliseconds = performance.now() - began;
    if (!response.ok) throw new Error(`${path}: ${response.status} ${Buffer.from(body).toString().slice(0, 300)}`);
    const name = routeOf(base + path);
    const route = routes.get(name) ?? { times: [], bytes: 0, oldest: 0 };
    route.times.push(milliseconds);
    route.bytes = Math.max(route.bytes, body.byteLength);
    route.oldest = Math.max(route.oldest, Number(response.headers.get('age') ?? 0));
    routes.set(name, route);
  }
}

/** `before` is awaited before each round: what it does is not measured, but the answers follow it. */
export async function measureAnswers(base, requests, rounds, state, before) {
  const routes = new Map();
  for (let round = 0; round < rounds; round += 1) {
    await before?.();
    await askAll(base, requests, false, routes);
  }
  return told(routes, state);
}

/** Asks as open pages do, every five seconds for as long as `work` goes on, and once after it. */
export async function measureMeanwhile(base, requests, rounds, state, work) {
  const routes = new Map();
  for (let round = 0; round < rounds; round += 1) {
    let goesOn = true;
    const working = work().finally(() => (goesOn = false));
    while (goesOn) {
      const next = pause(REFRESH_MILLISECONDS);
      await askAll(base, requests, true, routes);
      await Promise.race([next, working]);
    }
    await working;
    await askAll(base, requests, true, routes);
  }
  return told(routes, state);
}

function told(routes, state) {
  const all = [...routes.values()].flatMap(({ times }) => times);
  return {
    figures: [
      { name: `server answers ${state}, p95 over all routes`, value: quantile(all, 0.95), unit: 'ms', goal: 100 },
      { name: `server answers ${state}, p95 of the slowest route`, value: Math.max(...[...routes.values()].map(({ times }) => quantile(times, 0.95))), unit: 'ms', goal: 100 },
      { name: `server answers ${state}, longest out of date`, value: Math.max(...[...routes.values()].map(({ oldest }) => oldest)), unit: 's' },
    ],
    routes: [...routes]
      .map(([name, { times, bytes, oldest }]) => ({ name, requests: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95), longest: Math.max(...times), kilobytes: bytes / 1000, oldest }))
      .sort((left, right) => right.p95 - left.p95),
  };
}
