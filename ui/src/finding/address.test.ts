// Checks that a finding survives the address bar, whatever its names hold.
import { expect, test } from 'vitest';
import { decodeShown, encodeShown, type Shown } from './address';

const place = { arm: 'control', arrow: 'features', start: '2013-04-01T04:00:00Z', end: '2013-05-01T04:00:00Z' } as const;

test('findings and cells come back as they went', () => {
  const shown: Shown[] = [
    { ...place, monitor: null },
    { ...place, monitor: 'drift', subject: 'temp', slice: null },
    { ...place, monitor: 'drift', subject: 'a~b/<b>%é', slice: { name: 'carrier', value: '~' } },
  ];
  for (const each of shown) expect(decodeShown(encodeShown(each))).toEqual(each);
});

test('a mistyped address names nothing', () => {
  expect(decodeShown('control~features')).toBeNull();
  expect(decodeShown('control~features~soon~later')).toBeNull();
  expect(decodeShown('%')).toBeNull();
});
