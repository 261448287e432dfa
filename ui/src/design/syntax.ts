// Cuts YAML and JSON into tokens for colouring, line by line; what it does not know stays plain text.
export type TokenKind = 'plain' | 'comment' | 'key' | 'text' | 'number' | 'word' | 'mark';

export interface Token {
  kind: TokenKind;
  text: string;
}

export type Line = readonly Token[];
export type Language = 'yaml' | 'json' | 'text';

export function linesOf(source: string, language: Language): Line[] {
  const lines = source.replace(/\n$/, '').split('\n');
  if (language === 'json') return lines.map(jsonLine);
  if (language === 'text') return lines.map((text) => [{ kind: 'plain', text }]);
  return yamlLines(lines);
}

const JSON_TOKENS = /("(?:[^"\\]|\\.)*")(?=\s*(:)?)|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null)|([{}[\],:])|[^"\d{}[\],:tfn-]+|./g;

function jsonLine(line: string): Token[] {
  return merged(
    [...line.matchAll(JSON_TOKENS)].map(([text, string, colon, number, word, mark]) => ({
      kind: string ? (colon ? 'key' : 'text') : number ? 'number' : word ? 'word' : mark ? 'mark' : 'plain',
      text,
    })),
  );
}

/** Quantities as the spec writes them: 0.5, -40, 1e-3, 150ms, 99.9%, 2013-02-01. */
const NUMBER = /^[-+]?\d[\d_]*(\.\d+)?(e[-+]?\d+)?(%|us|ms|s|m|h|d|w|mo|y|B|[kMG]i?B)?$|^\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[-+]\d{2}:?\d{2})?)?$/;
const WORDS = new Set(['true', 'false', 'null', '~', 'yes', 'no']);

interface YamlState {
  /** How many brackets are open. */
  depth: number;
  /** The indentation of the key whose text goes on over the next lines; null where none does. */
  blockIndent: number | null;
}

function yamlLines(lines: readonly string[]): Token[][] {
  const state: YamlState = { depth: 0, blockIndent: null };
  return lines.map((line) => merged(yamlLine(line, state)));
}

function yamlLine(line: string, state: YamlState): Token[] {
  const indent = line.length - line.trimStart().length;
  if (state.blockIndent !== null) {
    if (line.trim() === '' || indent > state.blockIndent) return [{ kind: 'text', text: line }];
    state.blockIndent = null;
  }
  if (/^(---|\.\.\.)(\s|$)/.test(line)) return [{ kind: 'mark', text: line }];
  const tokens: Token[] = [];
  let rest = line;
  while (rest !== '') {
    const token = yamlToken(rest, tokens, state);
    if (token.kind === 'mark' && state.depth === 0 && /^[|>]/.test(token.text)) state.blockIndent = indent;
    tokens.push(token);
    rest = rest.slice(token.text.length);
  }
  return tokens;
}

function yamlToken(rest: string, before: readonly Token[], state: YamlState): Token {
  const first = rest.charAt(0);
  const isApart = before.length === 0 || /\s$/.test(before.at(-1)?.text ?? '');
  const found = (kind: TokenKind, pattern: RegExp): Token | null => {
    const text = pattern.exec(rest)?.[0];
    return text ? { kind, text } : null;
  };
  if (/\s/.test(first)) return found('plain', /^\s+/) ?? { kind: 'plain', text: first };
  if (first === '#' && isApart) return { kind: 'comment', text: rest };
  if (first === '"' || first === "'") {
    const quoted = found('text', /^"(?:[^"\\]|\\.)*"?|^'(?:[^']|'')*'?/) ?? { kind: 'text', text: rest };
    return /^\s*:/.test(rest.slice(quoted.text.length)) ? { kind: 'key', text: quoted.text } : quoted;
  }
  if ('{['.includes(first)) state.depth += 1;
  if (state.depth > 0 && '}]'.includes(first)) state.depth -= 1;
  if ('{}[],'.includes(first) || (first === ':' && /^:(\s|$|[,}\]])/.test(rest))) return { kind: 'mark', text: first };
  if (/^[-?](\s|$)/.test(rest) && before.every((token) => /^[\s-?]*$/.test(token.text))) return { kind: 'mark', text: first };
  if (/^[|>][-+\d]*\s*(#.*)?$/.test(rest)) return found('mark', /^[|>][-+\d]*/) ?? { kind: 'mark', text: first };
  if ('&*!'.includes(first)) return found('word', /^[&*!][^\s,}\]]*/) ?? { kind: 'plain', text: first };
  return scalar(rest, state.depth > 0);
}

/** A text without quotes: it ends before a colon, a comment, and inside of brackets before what closes or divides. */
function scalar(rest: string, isInBrackets: boolean): Token {
  const ends = isInBrackets ? /\s*(:(?=[\s,}\]]|$)|\s#|[,{}[\]])/ : /\s*(:(?=\s|$)|\s#)/;
  const end = ends.exec(rest);
  const text = (end === null ? rest : rest.slice(0, end.index)).trimEnd() || rest.charAt(0);
  if (end?.[1] === ':') return { kind: 'key', text };
  if (WORDS.has(text)) return { kind: 'word', text };
  return { kind: NUMBER.test(text) ? 'number' : 'plain', text };
}

/** Neighbours of one kind as one token. */
function merged(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (const token of tokens) {
    const last = result.at(-1);
    if (last?.kind === token.kind) result[result.length - 1] = { kind: token.kind, text: last.text + token.text };
    else result.push(token);
  }
  return result;
}
