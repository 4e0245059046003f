// Knows where the time between the end of the callee's words and the robot's answer goes. Does not know the words.
import type { TurnLatency } from '../events.ts'
import type { Speech } from '../speech/speaker.ts'
import type { Ahead } from './foresight.ts'

/** Moments of one turn on the nowMs clock. `robotAtMs`: the robot's first words came. `ahead`: what was thought out before the text was final. */
export type TurnClock = { speechEndAtMs: number; endpointAtMs: number; finalAtMs: number; robotAtMs?: number; firstTokenMs?: number | undefined; ahead?: Ahead | undefined }

/** Splits the time from the end of speech to the first packet of the answer. Undefined when no answer was heard. */
export function latencyOf(clock: TurnClock | undefined, speech: Pick<Speech, 'firstAudioAtMs' | 'startedAtMs' | 'clauses'>): TurnLatency | undefined {
  if (clock?.robotAtMs === undefined || speech.firstAudioAtMs === undefined || speech.startedAtMs === undefined) return undefined
  const { ahead } = clock
  const isForeseen = ahead?.sinceMs !== undefined && ahead.clauses.has(speech.clauses[0]?.text ?? '')
  return {
    endpointMs: clock.endpointAtMs - clock.speechEndAtMs,
    recognitionMs: clock.finalAtMs - clock.endpointAtMs,
    robotMs: clock.robotAtMs - clock.finalAtMs,
    synthesisMs: speech.firstAudioAtMs - clock.robotAtMs,
    playoutMs: speech.startedAtMs - speech.firstAudioAtMs,
    totalMs: speech.startedAtMs - clock.speechEndAtMs,
    ...(clock.firstTokenMs !== undefined && { firstTokenMs: clock.firstTokenMs }),
    ...(isForeseen && { aheadMs: Math.max(0, clock.finalAtMs - ahead.sinceMs!) }),
    ...(ahead !== undefined && ahead.dropped > 0 && { dropped: ahead.dropped }),
  }
}
