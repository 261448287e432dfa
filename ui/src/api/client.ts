// Asks the API: one GET, with the key, and problems (RFC 9457) as errors.
import { keyStore } from './key';

export type ParameterValue = string | number | boolean | readonly string[] | null | undefined;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** What the server said when it did not answer. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly string[] = [],
  ) {
    super(`${title}: ${detail}`);
    this.name = 'ApiProblem';
  }
}

/** The address of a request, with what is not set left out. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null || value === '') continue;
    query.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The path of a route with its names escaped: `route('models', model, 'windows')`. */
export function route(...parts: string[]): string {
  return `/v1/${parts.map(encodeURIComponent).join('/')}`;
}

/** What is asked for again in a few seconds may be so old meanwhile. */
export const MOST_STALE_SECONDS = 30;

/** `mostStaleSeconds`: for how long an answer may be out of date rather than waited for; the server makes another meanwhile. */
export async function ask<Answer>(path: string, parameters?: Parameters, signal?: AbortSignal, mostStaleSeconds = 0): Promise<Answer> {
  const { key } = keyStore.read();
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (mostStaleSeconds > 0) headers['Cache-Control'] = `max-stale=${mostStaleSeconds}`;
  if (key !== null) headers.Authorization = `Bearer ${key}`;
  let response: Response;
  try {
    response = await fetch(address(path, parameters), { headers, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, 'The server does not answer', 'Check that it runs and that this page may reach it.');
  }
  if (response.ok) return (await response.json()) as Answer;
  const problem = await readProblem(response);
  // A key that was replaced while this request ran says nothing of the new one.
  if (response.status === 401 && keyStore.read().key === key) keyStore.refuse();
  throw problem;
}

async function readProblem(response: Response): Promise<ApiProblem> {
  const fallback = `The server answered with status ${response.status}.`;
  try {
    const body = (await response.json()) as { title?: unknown; detail?: unknown; errors?: unknown };
    const errors = Array.isArray(body.errors) ? body.errors.map((error) => wordsOf(error)) : [];
    return new ApiProblem(
      response.status,
      typeof body.title === 'string' ? body.title : response.statusText || 'The request failed',
      typeof body.detail === 'string' ? body.detail : fallback,
      errors,
    );
  } catch {
    return new ApiProblem(response.status, response.statusText || 'The request failed', fallback);
  }
}

function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && error !== null && 'detail' in error) return String(error.detail);
  return JSON.stringify(error);
}
