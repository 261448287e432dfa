// Checks that a key is tried before it is kept, and that a refusal is told in the server's words.
import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { refusalOf } from '../api/try-key';
import type { Session } from '../api/types';
import { SignIn } from './SignIn';

const SESSION: Session = { requires_key: true, scopes: [], refused: null, version: '1', clock: 'wall', now: '2026-01-01T00:00:00Z' };

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function trying(key: string, answer: () => Promise<Response>): Promise<{ onKey: ReturnType<typeof vi.fn>; asked: ReturnType<typeof vi.fn> }> {
  const asked = vi.fn(answer);
  vi.stubGlobal('fetch', asked);
  const onKey = vi.fn();
  render(<SignIn refusal={null} onKey={onKey} />);
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('API key'), key);
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  return { onKey, asked };
}

const answering = (session: Partial<Session>) => async (): Promise<Response> => Response.json({ ...SESSION, ...session });

test('a good key is kept', async () => {
  const { onKey, asked } = await trying(' qvr_good ', answering({ scopes: ['read'] }));
  await waitFor(() => expect(onKey).toHaveBeenCalledWith('qvr_good', { ...SESSION, scopes: ['read'] }));
  expect(asked.mock.calls[0]).toEqual(['/v1/session', { headers: { Accept: 'application/json', Authorization: 'Bearer qvr_good' } }]);
});

test.each<[string, Partial<Session>, string]>([
  ['qvr_old', { refused: 'this key has expired' }, 'This key has expired.'],
  ['qvr_send', { scopes: ['ingest'] }, 'This key has the scope ingest and may not read. These pages need a key with the scope read.'],
])('of the key %s it is told why not', async (key, session, words) => {
  const { onKey } = await trying(key, answering(session));
  expect((await screen.findByRole('alert')).textContent).toBe(words);
  expect(onKey).not.toHaveBeenCalled();
  expect(screen.getByLabelText<HTMLInputElement>('API key').value).toBe(key);
});

test('a server that does not answer, and letters that no key has, are told', async () => {
  const { onKey } = await trying('qvr_x', () => Promise.reject(new TypeError('down')));
  expect((await screen.findByRole('alert')).textContent).toContain('The server does not answer');
  cleanup();
  const { asked } = await trying('Schlüssel', answering({ scopes: ['read'] }));
  expect((await screen.findByRole('alert')).textContent).toContain('no key of Quiver');
  expect(asked).not.toHaveBeenCalled();
  expect(onKey).not.toHaveBeenCalled();
});

test('without a need for keys nobody is refused', () => {
  expect(refusalOf({ ...SESSION, requires_key: false })).toBe(null);
  expect(refusalOf({ ...SESSION, scopes: ['ingest', 'read'] })).toBe(null);
  expect(refusalOf(SESSION)).toBe('This key allows nothing here.');
});
