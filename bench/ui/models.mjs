// Makes the models and their events: one with very many features, and many small ones; the same on every run.
export const WIDE = 'wide';

const FIRST_DAY = Date.parse('2025-01-01T00:00:00Z');
const DAY = 86_400_000;
const HOUR = 3_600_000;
/** The known-good days; the later half of all days moves away from them. */
const REFERENCE_SHARE = 0.2;
const VALUES_PER_SLICE = 5;
/** The body of a request stays well under the server's limit. */
const LINES_BYTES = 8_000_000;

const smallName = (index) => `small-${String(index).padStart(3, '0')}`;
const featureName = (index) => `feature_${String(index).padStart(4, '0')}`;
const sliceName = (index) => `slice_${index}`;
const sliceNames = (slices) => Array.from({ length: Math.ceil(slices / VALUES_PER_SLICE) }, (_, index) => sliceName(index));
const kindOf = (index) => (index % 10 === 7 ? 'category' : index % 10 === 9 ? 'boolean' : 'number');

/** A small generator of numbers from 0 to 1 that starts from a seed. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const dateOf = (day) => new Date(FIRST_DAY + day * DAY).toISOString().slice(0, 10);

function specOf(model, window, features, slices, days) {
  return {
    model,
    owner: `${model}@example.com`,
    task: 'binary',
    quality: [{ metric: 'roc_auc', at_least: 0.5 }],
    service: { p95_latency: '100ms', error_rate: '1%' },
    feedback: { label: 'late', horizon: '7d' },
    features,
    slices,
    decision: { threshold: 0.5, actions: ['stop', 'go'] },
    cost: { prices: { cpu: '0.04 USD per hour' }, at_most: '0.40 USD per 1k' },
    reference: { from: dateOf(0), to: dateOf(Math.max(1, Math.floor(days * REFERENCE_SHARE))) },
    drift: { measure: 'psi', window },
  };
}

const feature = (type, index) => ({
  type,
  privacy: 'public',
  ...(type === 'number' ? { range: [-1_000, 1_000], unit: 'ms' } : {}),
  ...(type === 'category' ? { values: ['a', 'b', 'c', 'd'] } : {}),
  ...(index % 20 === 0 ? { required: true } : {}),
});

/** Name and text of each spec; JSON is YAML. */
export function specs({ features, slices, days, models }) {
  // The population is cut by features: they are among the many.
  const names = sliceNames(slices);
  const many = Object.fromEntries([
    ...names.map((name) => [name, { type: 'category', privacy: 'public', required: true }]),
    ...Array.from({ length: features - names.length }, (_, index) => [featureName(index), feature(kindOf(index), index)]),
  ]);
  const few = { speed: feature('number', 0), place: feature('category', 1), heavy: feature('boolean', 2) };
  return [
    [WIDE, JSON.stringify(specOf(WIDE, '1h', many, names, days))],
    ...Array.from({ length: models }, (_, index) => [smallName(index), JSON.stringify(specOf(smallName(index), '1d', few, ['place'], days))]),
  ];
}

/** The events of one day as texts of NDJSON. */
export function eventsOfDay(day, size) {
  return texts(events(day, size));
}

/** One more hour after the instant: of the wide model as many events as in any hour, and one of each small model. */
export function eventsOfHourAfter(instant, size) {
  const hour = Math.floor((Date.parse(instant) - FIRST_DAY) / HOUR) + 1;
  return texts(eventsOfHour(hour, size));
}

function* texts(events) {
  let lines = [];
  let bytes = 0;
  for (const event of events) {
    const line = JSON.stringify(event);
    lines.push(line);
    bytes += line.length;
    if (bytes > LINES_BYTES) {
      yield lines.join('\n');
      [lines, bytes] = [[], 0];
    }
  }
  if (lines.length > 0) yield lines.join('\n');
}

function* events(day, size) {
  const { days, rowsPerHour, models, rowsPerDay } = size;
  const next = random(day + 1);
  // From the middle on, every twentieth feature moves away, and the score falls with it.
  const moved = day >= days / 2 ? 1 : 0;
  if (day === Math.floor(days / 2)) yield { kind: 'change', model: WIDE, id: 'deploy-1', what: 'deploy', ref: 'two', at: new Date(FIRST_DAY + day * DAY).toISOString() };
  for (let row = 0; row < 24 * rowsPerHour; row += 1) {
    yield* wideAnswered(`${day}-${row}`, FIRST_DAY + day * DAY + row * (HOUR / rowsPerHour), next, moved, size);
  }
  for (let model = 0; model < models; model += 1) {
    for (let row = 0; row < rowsPerDay; row += 1) {
      yield* smallAnswered(model, `${day}-${row}`, FIRST_DAY + day * DAY + row * (DAY / rowsPerDay), next, moved);
    }
  }
}

function* eventsOfHour(hour, size) {
  const next = random(1_000_000 + hour);
  const start = FIRST_DAY + hour * HOUR;
  for (let row = 0; row < size.rowsPerHour; row += 1) {
    yield* wideAnswered(`hour-${hour}-${row}`, start + row * (HOUR / size.rowsPerHour), next, 1, size);
  }
  for (let model = 0; model < size.models; model += 1) yield* smallAnswered(model, `hour-${hour}`, start, next, 1);
}

function* wideAnswered(id, at, next, moved, { features, slices }) {
  const names = sliceNames(slices);
  const values = {};
  for (let index = 0; index < features - names.length; index += 1) {
    if (next() < 0.01) continue;
    const draw = next();
    const kind = kindOf(index);
    if (kind === 'category') values[featureName(index)] = 'abcd'[Math.floor(draw * 4)];
    else if (kind === 'boolean') values[featureName(index)] = draw < 0.3;
    else values[featureName(index)] = Number((draw * 100 + (index % 20 === 3 ? moved * 80 : 0)).toFixed(2));
  }
  const cut = Object.fromEntries(names.map((name, index) => [name, `value_${Math.floor(next() * Math.min(VALUES_PER_SLICE, slices - index * VALUES_PER_SLICE))}`]));
  yield* answered(WIDE, id, at, next, moved, { ...cut, ...values }, cut);
}

function* smallAnswered(model, id, at, next, moved) {
  const place = 'abcd'[Math.floor(next() * 4)];
  const breaks = moved === 1 && model % 10 === 0 ? 1 : 0;
  yield* answered(smallName(model), id, at, next, breaks, { speed: Number((next() * 100 + breaks * 60).toFixed(2)), place, heavy: next() < 0.3 }, { place });
}

/** A prediction and, a little later, its label. */
function* answered(model, id, at, next, moved, features, slices) {
  const score = next() * (moved === 1 ? 0.45 : 1);
  yield {
    kind: 'prediction',
    model,
    id,
    at: new Date(at).toISOString(),
    version: moved === 1 ? 'two' : 'one',
    request_type: next() < 0.5 ? 'board' : 'page',
    features,
    output: { score: Number(score.toFixed(4)) },
    decision: { action: score >= 0.5 ? 'stop' : 'go', by: 'model' },
    latency_ms: Number((5 + 20 * next()).toFixed(2)),
    cost: { cpu_ms: 1.1 },
    slices,
  };
  const known = new Date(at + HOUR / 60).toISOString();
  yield { kind: 'feedback', model, id: `f-${id}`, prediction_id: id, at: known, known_at: known, name: 'late', value: next() < score ? 1 : 0 };
}
