// Knows how to leave a stream that may never say anything again. Does not know what the stream carries.

/**
 * The items of `source` until it ends or `signal` aborts; then ends at once, whatever the source does.
 * A source that is left is told so (`return`) and not waited for; what it still says or throws is dropped.
 * Errors: those of the source before the abort.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  if (signal.aborted) return
  const iterator = source[Symbol.asyncIterator]()
  const aborted = Promise.withResolvers<undefined>()
  const onAbort = () => aborted.resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  let over = false
  try {
    for (;;) {
      const next = iterator.next()
      const result = await Promise.race([next, aborted.promise])
      if (result === undefined) {
        next.catch(() => {})
        return
      }
      over = result.done === true
      if (over) return
      yield (result as IteratorYieldResult<T>).value
      if (signal.aborted) return
    }
  } catch (error) {
    over = true
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!over) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
