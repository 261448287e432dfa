// A small model for servers of single tests: its spec, and a few days of its events.
const HOUR = 3_600_000;
const FIRST = Date.parse('2025-03-01T00:00:00Z');
const DAYS = 6;

export const SMALL = '/models/small';

export const SMALL_SPEC = `
model: small
owner: somebody@example.com
task: binary
feedback: {label: late, horizon: 2d}
features:
  speed: {type: number, range: [0, 100], privacy: public}
  place: {type: category, privacy: public}
slices: [place]
decision: {threshold: 0.5, actions: [stop, go]}
reference: {from: 2025-03-01, to: 2025-03-03}
drift: {measure: psi, window: 1d}
`;

/** What events may be given beside what they all have. */
type More = (index: number) => { features?: object; slices?: object; [key: string]: unknown };

/** Four predictions an hour with their labels, over six days. */
export function smallEvents(more: More = () => ({})): object[] {
  return Array.from({ length: DAYS * 24 * 4 }, (_, index) => {
    const at = new Date(FIRST + (index * HOUR) / 4).toISOString();
    const { features, slices, ...rest } = more(index);
    const score = ((index * 37) % 100) / 100;
    return [
      {
        kind: 'prediction',
        model: 'small',
        id: `p-${index}`,
        at,
        version: 'one',
        arm: { assigned: 'control', served: 'control' },
        output: { score },
        decision: { action: score >= 0.5 ? 'stop' : 'go', by: 'model' },
        latency_ms: 5 + (index % 7),
        features: { speed: (index * 13) % 100, place: index % 3 === 0 ? 'hill' : 'dale', ...features },
        slices: { place: index % 3 === 0 ? 'hill' : 'dale', ...slices },
        ...rest,
      },
      { kind: 'feedback', model: 'small', id: `f-${index}`, prediction_id: rest.id ?? `p-${index}`, at, known_at: at, name: 'late', value: index % 3 === 0 ? 1 : 0 },
    ];
  }).flat();
}
