// Measures the server's answers: every request that the pages made, again and again, one after the other.

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

/** `before` is awaited before each round: what it does is not measured, but the answers follow it. */
export async function measureAnswers(base, requests, rounds, state, before) {
  const routes = new Map();
  for (let round = 0; round < rounds; round += 1) {
    await before?.();
    for (const url of requests) {
      const began = performance.now();
      const response = await fetch(base + url);
      const body = await response.arrayBuffer();
      const milliseconds = performance.now() - began;
      if (!response.ok) throw new Error(`${url}: ${response.status} ${Buffer.from(body).toString().slice(0, 300)}`);
      const name = routeOf(base + url);
      const route = routes.get(name) ?? { times: [], bytes: 0 };
      route.times.push(milliseconds);
      route.bytes = Math.max(route.bytes, body.byteLength);
      routes.set(name, route);
    }
  }
  const all = [...routes.values()].flatMap(({ times }) => times);
  return {
    figures: [
      { name: `server answers ${state}, p95 over all routes`, value: quantile(all, 0.95), unit: 'ms', goal: 100 },
      { name: `server answers ${state}, p95 of the slowest route`, value: Math.max(...[...routes.values()].map(({ times }) => quantile(times, 0.95))), unit: 'ms', goal: 100 },
    ],
    routes: [...routes]
      .map(([name, { times, bytes }]) => ({ name, requests: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95), longest: Math.max(...times), kilobytes: bytes / 1000 }))
      .sort((left, right) => right.p95 - left.p95),
  };
}
