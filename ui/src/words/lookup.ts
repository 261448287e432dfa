// Looks words up by a text that came with events: what every object inherits, such as `__proto__`, is none of them.
export const lookUp = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
