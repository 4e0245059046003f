// Knows how clauses become audio one after the other: what is late, what fails, what is tried again. Does not know lines or says.
import { FRAME_MS, SAMPLE_RATE_HZ } from '../media/frame.ts'
import type { SpokenClause } from './clauses.ts'
import { HeardUntil } from './heard-until.ts'
import type { TtsProvider, Voice } from './tts/provider.ts'
import { untilAborted } from './until-aborted.ts'

/** A clause that gives no first audio within this time counts as failed: the callee must not wait for a dead engine. */
const FIRST_AUDIO_MS_MAX = 1_500
/** So does one whose audio does not go on for this long after what came of it would have been heard. */
const DRY_MS_MAX = 1_200
/** Then, with the pause before it, the second try has what is left of the silence that a listener bears. */
const FIRST_AUDIO_AGAIN_MS_MAX = 1_000
/** A clause that fails is tried once more, from its beginning: whoever is cut off in mid-sentence says it again. What was synthesised before stays. */
const TRIES_PER_CLAUSE = 2
const BROKEN_OFF_PAUSE_MS = 240

export type ClauseSynthesis = {
  tts: TtsProvider
  voice: Voice
  now: () => number
  /** 8 kHz, in order; the pauses between clauses are among it. The clause's `audioMs` counts it already. */
  onAudio: (pcm: Int16Array) => void
  /** A clause was given up. */
  onFailed: (error: Error) => void
}

/** Resolves when everything was given out, or when `stopped`; then nothing more comes. Never rejects: one say that fails must not silence those after it. */
export async function synthesiseClauses(clauses: readonly SpokenClause[], synthesis: ClauseSynthesis, stopped: AbortSignal): Promise<void> {
  let failed = false
  for (const clause of clauses) {
    const played = clause.recording !== undefined && (await play(clause, clause.recording, synthesis, stopped))
    const error = played || (clause.recording && !clause.saysIt) || stopped.aborted ? undefined : await withRetry(clause, synthesis, stopped)
    if (stopped.aborted) return
    if (error !== undefined) {
      failed = true
      synthesis.onFailed(error)
      if (stopped.aborted) return
    }
    if (clause.pauseMs > 0 && clause.audioMs > 0) synthesis.onAudio(silence(clause.pauseMs))
  }
  // A clause without sound is left out; words without any sound at all are a failure.
  const words = clauses.filter(({ recording, saysIt }) => !recording || saysIt)
  if (!failed && words.length > 0 && clauses.every(({ audioMs }) => audioMs === 0)) synthesis.onFailed(new Error('the synthesiser gave no audio'))
}

/** False: it cannot be played; whoever gave the recording knows why. */
async function play(clause: SpokenClause, recording: () => Promise<Int16Array>, { onAudio }: ClauseSynthesis, stopped: AbortSignal): Promise<boolean> {
  const pcm = await untilResolved(recording, stopped)
  if (pcm === undefined || pcm.length === 0 || stopped.aborted) return false
  clause.audioMs += (pcm.length * 1_000) / SAMPLE_RATE_HZ
  onAudio(pcm)
  return true
}

async function untilResolved(recording: () => Promise<Int16Array>, stopped: AbortSignal): Promise<Int16Array | undefined> {
  const given = Promise.withResolvers<undefined>()
  const giveUp = () => given.resolve(undefined)
  const timer = setTimeout(giveUp, FIRST_AUDIO_MS_MAX)
  stopped.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([recording(), given.promise])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
    stopped.removeEventListener('abort', giveUp)
  }
}

async function withRetry(clause: SpokenClause, synthesis: ClauseSynthesis, stopped: AbortSignal): Promise<Error | undefined> {
  let error: Error | undefined
  for (let attempt = 1; attempt <= TRIES_PER_CLAUSE; attempt++) {
    error = await synthesise(clause, synthesis, clause.audioMs > 0 ? FIRST_AUDIO_AGAIN_MS_MAX : FIRST_AUDIO_MS_MAX, stopped)
    if (stopped.aborted || error === undefined) break
    if (clause.audioMs > 0 && attempt < TRIES_PER_CLAUSE) synthesis.onAudio(silence(BROKEN_OFF_PAUSE_MS))
  }
  return error
}

/** Errors are values: undefined when the clause was spoken to its end (or all was stopped). */
async function synthesise(clause: SpokenClause, { tts, voice, now, onAudio }: ClauseSynthesis, firstMsMax: number, stopped: AbortSignal): Promise<Error | undefined> {
  if (stopped.aborted) return undefined
  const late = new AbortController()
  const expireAfter = (ms: number) => setTimeout(() => late.abort(new Error(`no audio for ${ms} ms`)), ms)
  let timer = expireAfter(firstMsMax)
  const heard = new HeardUntil()
  const signal = AbortSignal.any([stopped, late.signal])
  try {
    for await (const event of untilAborted(tts.synthesize(clause.text, voice, signal), signal)) {
      if (event.type === 'failed') return event.error
      if (event.type === 'done') break
      if (event.pcm.length === 0) continue
      clearTimeout(timer)
      timer = expireAfter(heard.add(event.pcm, now()) + DRY_MS_MAX)
      clause.audioMs += (event.pcm.length * 1_000) / SAMPLE_RATE_HZ
      onAudio(event.pcm)
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    clearTimeout(timer)
  }
  return late.signal.aborted && !stopped.aborted ? (late.signal.reason as Error) : undefined
}

function silence(ms: number): Int16Array {
  return new Int16Array((Math.round(ms / FRAME_MS) * FRAME_MS * SAMPLE_RATE_HZ) / 1_000)
}
