// What the server counted beside the events it took in: refusals, redactions, undeclared keys, duplicates, orphans, in words.
import type { Status } from '../../api/types';
import { lookUp } from '../../words/lookup';

export type CountedEntry = Status['counted'][number];
export type What = 'refused' | 'redacted' | 'undeclared' | 'duplicate' | 'orphan';

export const WHATS: readonly { value: What; name: string; meaning: string }[] = [
  { value: 'refused', name: 'Refused', meaning: 'Events that were not kept, by reason' },
  { value: 'redacted', name: 'Redacted', meaning: 'Values that were not kept as they were sent' },
  { value: 'undeclared', name: 'Undeclared', meaning: 'Keys that neither the format nor the spec knows: dropped, the events kept' },
  { value: 'duplicate', name: 'Sent again', meaning: 'Events that were there already: counted once' },
  { value: 'orphan', name: 'Orphans', meaning: 'Feedback that speaks of no prediction that is known' },
];

export interface Row {
  model: string;
  what: What;
  /** The reason, field, key or kind, as it was counted. */
  subject: string;
  /** What it means, or what a sender can do. */
  words: string;
  count: number;
}

/** The rows of one kind, the most frequent first as the server gives them. */
export function rowsOf(counted: readonly CountedEntry[], what: What): Row[] {
  const isWanted = (entry: CountedEntry): boolean =>
    what === 'orphan' ? entry.what === 'feedback' && entry.subject === 'orphan' : entry.what === what;
  return counted.filter(isWanted).map((entry) => ({
    model: entry.model,
    what,
    subject: what === 'redacted' ? fieldOf(entry.subject) : what === 'orphan' ? 'feedback' : entry.subject,
    words: meaningOf(entry, what, counted),
    count: entry.count,
  }));
}

export const totalOf = (counted: readonly CountedEntry[], what: What): number =>
  rowsOf(counted, what).reduce((sum, row) => sum + row.count, 0);

function meaningOf(entry: CountedEntry, what: What, counted: readonly CountedEntry[]): string {
  switch (what) {
    case 'refused':
      return lookUp(REASONS, entry.subject) ?? '';
    case 'redacted':
      return redactionWords(entry.subject);
    case 'undeclared':
      return 'Declare it in the spec to keep it';
    case 'duplicate':
      return '';
    case 'orphan': {
      const all = counted.find((each) => each.what === 'feedback' && each.subject === 'all' && each.model === entry.model);
      return all === undefined ? '' : `of ${all.count.toLocaleString('en-GB')} labels`;
    }
  }
}

/** `feature_note/email/replace` → `features.note`. */
function fieldOf(subject: string): string {
  const field = subject.split('/').slice(0, -2).join('/') || subject;
  return field.startsWith('feature_') ? `features.${field.slice('feature_'.length)}` : field;
}

const CLASSES: Readonly<Record<string, string>> = {
  public: 'public by the spec',
  internal: 'internal by the spec',
  personal: 'personal by the spec',
  sensitive: 'sensitive by the spec',
  secret: 'secret by the spec',
  subject: 'names the subject',
  free_text: 'free text by the spec',
};
const ACTIONS: Readonly<Record<string, string>> = {
  drop: 'not kept',
  mask: 'kept as its shape',
  hash: 'kept as a keyed hash',
  replace: 'kept as a stand-in',
};

/** "free text by the spec, not kept", "email found in it, kept as a stand-in". */
function redactionWords(subject: string): string {
  const [why = '', action = ''] = subject.split('/').slice(-2);
  return [lookUp(CLASSES, why) ?? `${why.replaceAll('_', ' ')} found in it`, lookUp(ACTIONS, action) ?? action].join(', ');
}

/** What a sender can do about a refusal. */
const REASONS: Readonly<Record<string, string>> = {
  field_count: 'A row with more or fewer fields than the header',
  not_a_number: 'No number in a column of numbers',
  not_a_boolean: 'No truth value in a column of them',
  not_a_time: 'Write “at” as RFC 3339, such as 2013-07-01T14:03:11Z',
  no_zone: 'Write the time with its zone',
  no_time: 'Add “at”, the time of the event',
  no_id: 'Give every row the id that the spec names',
  no_id_no_key: 'Give the event an id, or the request an Idempotency-Key',
  not_utf8: 'Send UTF-8',
  field_too_long: 'Send a shorter event',
  line_too_long: 'Send a shorter event',
  event_too_long: 'Send a shorter event',
  id_too_long: 'Ids have up to 512 bytes',
  not_json: 'Send one JSON object a line',
  not_an_object: 'Send a JSON object',
  too_deep: 'Nest less',
  too_many_features: 'Send the features that the spec declares',
  too_many_entries: 'Send fewer calls, classes or ranked items',
  unknown_kind: 'Write “kind” as prediction, feedback, heartbeat or change',
  unknown_model: 'Name a model whose spec this server has, or put its spec',
  wrong_type: 'A value of the wrong type in the event’s own keys',
  no_value: 'A feedback without a label',
  no_target: 'A feedback that names neither prediction nor decision nor entity',
  in_the_future: 'A time further ahead of the server’s clock than allowed',
  spec_version: 'A CloudEvent of another version than 1.0',
  no_attribute: 'A CloudEvent without an attribute that each must have',
  unknown_type: 'A CloudEvent of a type that means nothing here',
  binary_data: 'Data that is not JSON',
  payload: 'A payload of a model server in none of the known forms',
  shape: 'A tensor whose shape does not fit',
  feature_count: 'Another number of values than the spec has features',
  too_many_instances: 'Too many instances in one payload',
  too_many_values: 'Too many values in one payload',
};
