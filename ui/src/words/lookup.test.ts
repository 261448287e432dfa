// Checks that a name from outside finds only what the table holds.
import { expect, test } from 'vitest';
import { lookUp } from './lookup';

test('what every object has is no entry', () => {
  expect(['range', 'constructor', '__proto__', 'toString', 'gone'].map((name) => lookUp({ range: 'out of range' }, name))).toEqual([
    'out of range',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
