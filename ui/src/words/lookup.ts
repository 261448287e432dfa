// Looks up a name that came from outside: what every object has (`constructor`, `__proto__`) is no entry of a table.
export const wordsOf = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
