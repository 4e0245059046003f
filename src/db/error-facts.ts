// Knows which parts of a failure may be logged. PostgreSQL quotes whole rows in its messages: words people said, numbers, keys.

/** What to log of an error: of PostgreSQL's only codes and names, of others the message and where it came from. */
export function errorFacts(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  if ('severity' in error && 'code' in error) {
    const { code, table, constraint, routine } = error as { code?: unknown; table?: unknown; constraint?: unknown; routine?: unknown }
    return { type: 'PostgreSQL', code, table, constraint, routine }
  }
  return { type: error.name, message: error.message, code: (error as { code?: unknown }).code, stack: error.stack }
}
