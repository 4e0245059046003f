// What a customer's callback server is told: four parameters, one of them JSON whose values are all texts. Pure. Does not know HTTP or replies.
// Source: the published callback interface, and its production messages where the two differ.

export type CallbackMessage = { contentType: 'normal' | 'mute' | 'timebreak' | 'dtmf' | 'parallel_transfer'; content: Readonly<Record<string, string>> }

/** What every message may tell of. Times in ms of the Unix clock. */
export type Surroundings = {
  answeredAtMs: number
  /** The media that is heard, or was last. `endAtMs` absent: it is still heard. */
  played: { code: string; beginAtMs: number; endAtMs: number | undefined } | undefined
  recorded: boolean
  dynamicId: string | undefined
}

/** Absent values are left out; half of a character is none. */
function texts(values: Readonly<Record<string, string | number | boolean | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, typeof value === 'number' ? String(Math.round(value)) : String(value).toWellFormed()]])))
}

const current = ({ played }: Surroundings): string | undefined => (played !== undefined && played.endAtMs === undefined ? played.code : undefined)

/** A sentence of the callee. `begin_time` is in seconds, as production sends it. */
export function normal(turn: { words: string; beginAtMs: number; endAtMs: number }, around: Surroundings): CallbackMessage {
  const { answeredAtMs, played } = around
  return {
    contentType: 'normal',
    content: texts({
      role: 'B',
      words: turn.words,
      end_offset: Math.max(0, turn.endAtMs - answeredAtMs),
      begin_time: Math.floor(answeredAtMs / 1_000),
      begin_offset: Math.max(0, turn.beginAtMs - answeredAtMs),
      asr_begin_time: turn.beginAtMs,
      record_begin_time: around.recorded ? answeredAtMs : undefined,
      asr_end_time: turn.endAtMs,
      identity: 'id2',
      is_playing: current(around) !== undefined,
      current_media_code: current(around),
      play_begin_time: played?.beginAtMs,
      play_end_time: played && (played.endAtMs ?? 0),
      dynamic_id: around.dynamicId,
    }),
  }
}

/** Words of the network before the answer: times count from when it was first heard. */
export function earlyMedia(turn: { words: string; beginAtMs: number; endAtMs: number }, startedAtMs: number, dynamicId: string | undefined): CallbackMessage {
  const { contentType, content } = normal(turn, { answeredAtMs: startedAtMs, played: undefined, recorded: false, dynamicId: undefined })
  return { contentType, content: { ...content, current_media_code: 'early_media', ...(dynamicId !== undefined && { dynamic_id: dynamicId }) } }
}

export function mute({ dynamicId }: Surroundings): CallbackMessage {
  return { contentType: 'mute', content: texts({ dynamic_id: dynamicId }) }
}

/** `stopped`: the media that the voice stopped. */
export function timeBreak(asrBeginAtMs: number, stopped: Surroundings['played'], { dynamicId }: Surroundings): CallbackMessage {
  return { contentType: 'timebreak', content: texts({ current_media_code: stopped?.code, asr_begin_time: asrBeginAtMs, play_begin_time: stopped?.beginAtMs, dynamic_id: dynamicId }) }
}

/** `digits` '': none came in time. */
export function dtmf(digits: string, { dynamicId }: Surroundings): CallbackMessage {
  return { contentType: 'dtmf', content: texts({ dynamic_id: dynamicId, dtmf_digits: digits === '' ? 'noInputTimeout' : digits }) }
}

export function parallelTransfer(p: { failCause: string | undefined; monitor: boolean; ccName: string | undefined }, { dynamicId }: Surroundings): CallbackMessage {
  return { contentType: 'parallel_transfer', content: texts({ dynamic_id: dynamicId, transfer_status: p.failCause === undefined ? 'success' : 'fail', fail_cause: p.failCause, is_monitor: p.monitor, cc_name: p.ccName }) }
}

/** The four parameters, percent-encoded in the order that production sends them. Good for a query and for a form body alike. */
export function encodeMessage({ contentType, content }: CallbackMessage, callId: string, timestampMs: number): string {
  const pairs = { content_type: contentType, content: JSON.stringify(content), call_id: callId, timestamp: String(timestampMs) }
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}
