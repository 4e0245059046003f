// Knows which texts PostgreSQL's jsonb refuses. Does not know what they mean.

/** JSON that jsonb takes: NUL characters are dropped and half surrogates replaced. A recogniser or a customer may send either. */
export function toJsonb(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, each: unknown) => (typeof each === 'string' ? toText(each) : each))
}

/** The same for a text column. */
export function toText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}
