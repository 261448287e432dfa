// Checks that colouring loses no letter and knows keys, numbers and comments.
import { expect, test } from 'vitest';
import { type Language, linesOf } from './syntax';

const kinds = (source: string, language: Language = 'yaml'): string =>
  linesOf(source, language)
    .flat()
    .filter((token) => token.text.trim() !== '')
    .map((token) => `${token.kind}:${token.text.trim()}`)
    .join(' ');

const SPEC = `# What it is for: "working"
model: flight-delay
quality:   # February reaches 0.15
  - {metric: recall, threshold: 0.5, at_least: 0.08}
  - metric: roc_auc
    at_least: 1e-3
service: {p95_latency: 150ms, error_rate: 0.1%}
features:
  temp: {type: number, unit: °F, range: [-40, 130], source: weather}
  humid: {type: number, unit: '%', required: true}
  "odd: name": {type: text}
url: https://example.com/#part
reference: {from: 2013-02-01, to: 2013-03-01}
about: |
  free: text # no comment

  goes on
alarms: {sustained: 3 of 4}
`;

test.each<[Language, string]>([
  ['yaml', SPEC],
  ['yaml', "a: 'never ends\n}]}: , - : #\n\t- -x: [a, {b: c}, \"d\\\"e\"]\n&a *b !c |\n  x\n:"],
  ['json', '{"a\\"b": [1, -2.5e3, true, null, "x: y"], "t": "<script>"}'],
  ['json', 'not json at all " - 1e truefalse'],
  ['text', 'anything {at: all}'],
])('no letter is lost in %s', (language, source) => {
  const again = linesOf(source, language).map((line) => line.map((token) => token.text).join(''));
  expect(again).toEqual(source.replace(/\n$/, '').split('\n'));
});

test('keys, numbers, words, texts and comments of YAML are told apart', () => {
  expect(kinds('model: flight-delay # note')).toBe('key:model mark:: plain:flight-delay comment:# note');
  expect(kinds('{a: 0.5, b: true, c: [x y, -40]}')).toBe(
    'mark:{ key:a mark:: number:0.5 mark:, key:b mark:: word:true mark:, key:c mark:: mark:[ plain:x y mark:, number:-40 mark:]}',
  );
  expect(kinds("service: {p95: 150ms, rate: 0.1%, unit: '%'}")).toContain("number:150ms mark:, key:rate mark:: number:0.1% mark:, key:unit mark:: text:'%'");
  expect(kinds('url: https://example.com/#part')).toBe('key:url mark:: plain:https://example.com/#part');
  expect(kinds('- metric: roc_auc')).toBe('mark:- key:metric mark:: plain:roc_auc');
  expect(kinds('about: |\n  free: text # no comment\nmodel: m')).toBe('key:about mark:: mark:| text:free: text # no comment key:model mark:: plain:m');
});

test('keys and values of JSON are told apart', () => {
  expect(kinds('{"a": "b", "c": -1.5, "d": null}', 'json')).toBe(
    'mark:{ key:"a" mark:: text:"b" mark:, key:"c" mark:: number:-1.5 mark:, key:"d" mark:: word:null mark:}',
  );
});
