// Knows how long a listener waits for a model and how much of it they get: deadlines, stalls, lengths. Does not know what may be said.
import type { ChatEvent, ModelFailure } from './model/chat-model.ts'

export type AnswerLimits = {
  /** Until the first sentence that may be spoken. */
  firstSentenceMsMax: number
  /** From the callee's last sound to that sentence, end of turn included. Nobody waits more than 2.5 s; synthesis and the way to the ear take the rest. */
  silenceMsMax: number
  /** With less time than this left the model is not asked: it could not make it. */
  firstSentenceMsMin: number
  /** Between two sentences. Most of it passes while the one before is being heard. */
  stallMsMax: number
  /** For the whole answer. */
  answerMsMax: number
  /** Calls of tools; a model that goes on calling has lost its way. */
  toolsMax: number
  sentencesMax: number
  charsMax: number
  tokensMax: number
}
export const answerLimits = { firstSentenceMsMax: 1_200, silenceMsMax: 2_100, firstSentenceMsMin: 250, stallMsMax: 1_500, answerMsMax: 8_000, toolsMax: 6, sentencesMax: 6, charsMax: 180, tokensMax: 400 } as const satisfies AnswerLimits

/** How long a callee who has been silent for `silentMs` still waits for a first sentence; undefined when it is not worth asking. */
export function patienceMs(silentMs: number, limits: AnswerLimits): number | undefined {
  const leftMs = Math.min(limits.firstSentenceMsMax, limits.silenceMsMax - silentMs)
  return leftMs < limits.firstSentenceMsMin ? undefined : leftMs
}

/** Timers from outside, so that tests do not wait. `after` returns what cancels it. */
export interface Timers {
  nowMs(): number
  after(ms: number, run: () => void): () => void
}
export const realTimers: Timers = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * How an answer ended. 'complete': the model was done. 'full': the listener has had enough. 'late': nothing came in time.
 * 'unusable': something did, but nothing that may be spoken. 'stalled': the rest did not come. 'aborted': the callee spoke.
 */
export type AnswerEnd = { how: 'complete' | 'full' | 'late' | 'unusable' | 'stalled' | 'aborted' } | { how: 'failed'; failure: ModelFailure }

export type AnswerEvent = { type: 'sentence'; text: string; begunAtMs?: number } | { type: 'tool'; name: string; input: unknown } | { type: 'over'; end: AnswerEnd }

/**
 * Passes on what a model answers while it is worth waiting for; the last event is always 'over', at most `answerMsMax` later.
 * `take` is told each sentence and returns whether it will be spoken: only those count as heard from.
 * Never throws, whatever the stream does, and gives the stream up when it is over.
 */
export async function* boundedAnswer(stream: AsyncIterable<ChatEvent>, take: (sentence: string) => boolean, p: { firstSentenceMsMax: number; limits: AnswerLimits; timers: Timers; signal: AbortSignal }): AsyncGenerator<AnswerEvent, void> {
  const { limits, timers, signal } = p
  const begunAtMs = timers.nowMs()
  const iterator = stream[Symbol.asyncIterator]()
  let spokenAtMs: number | undefined
  let answered = false
  let sentences = 0
  let chars = 0
  let tools = 0
  try {
    for (;;) {
      const patienceEndsAtMs = spokenAtMs === undefined ? begunAtMs + p.firstSentenceMsMax : Math.min(spokenAtMs + limits.stallMsMax, begunAtMs + limits.answerMsMax)
      const next = await withinTime(iterator.next(), patienceEndsAtMs - timers.nowMs(), timers, signal)
      if (next === 'aborted') return yield over('aborted')
      if (next === 'time') return yield over(spokenAtMs === undefined ? (answered ? 'unusable' : 'late') : timers.nowMs() >= begunAtMs + limits.answerMsMax ? 'full' : 'stalled')
      if (next === 'thrown') return yield { type: 'over', end: { how: 'failed', failure: { why: 'broken' } } }
      if (next.done) return yield over('complete')
      const event = next.value
      if (event.type === 'done') return yield over('complete')
      if (event.type === 'failed') return yield { type: 'over', end: { how: 'failed', failure: event.failure } }
      answered = true
      if (event.type === 'tool') {
        tools += 1
        if (tools > limits.toolsMax) return yield over(spokenAtMs === undefined ? 'unusable' : 'full')
        yield event
        continue
      }
      sentences += 1
      if (sentences > limits.sentencesMax || (chars > 0 && chars + event.text.length > limits.charsMax)) return yield over('full')
      if (!take(event.text)) continue
      chars += event.text.length
      spokenAtMs = timers.nowMs()
      yield event
    }
  } finally {
    // Not awaited: a stream that hangs would hang us with it. Its errors are nobody's any more.
    void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function over(how: Exclude<AnswerEnd['how'], 'failed'>): AnswerEvent {
  return { type: 'over', end: { how } }
}

async function withinTime<T>(promise: Promise<T>, ms: number, timers: Timers, signal: AbortSignal): Promise<T | 'time' | 'aborted' | 'thrown'> {
  if (signal.aborted) {
    promise.catch(() => {})
    return 'aborted'
  }
  return await new Promise((resolve) => {
    const cancel = timers.after(Math.max(0, ms), () => settle('time'))
    const onAbort = (): void => settle('aborted')
    const settle = (result: T | 'time' | 'aborted' | 'thrown'): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(result)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(settle, () => settle('thrown'))
  })
}
