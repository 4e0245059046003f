// Knows how a spoken text falls into clauses, and which words were heard when it was cut. Does not know audio or robots.

/** One stretch of a say between pauses. `audioMs` grows while it is synthesised. */
export type SpokenClause = {
  /** Display text including its closing punctuation. */
  text: string
  /** Silence after it. */
  pauseMs: number
  audioMs: number
  /** What is played for it, 8 kHz; absent: the text is synthesised. When it rejects or is empty the clause is left out. */
  recording?: (() => Promise<Int16Array>) | undefined
  /** The text is what is heard in the recording: it is synthesised when there is no recording to be had. */
  saysIt?: boolean | undefined
}

/** Text to synthesise, or a recording with the words that stand for it in the record. */
export type SpokenPart = { text: string; recording?: SpokenClause['recording']; saysIt?: SpokenClause['saysIt'] }

const pauseMsAfter: Readonly<Record<string, number>> = { '，': 140, '、': 80, '：': 120, '；': 200, '。': 260, '！': 260, '？': 260, ',': 140, ';': 200, '.': 260, '!': 260, '?': 260 }

/**
 * Splits at punctuation that is spoken as a pause. ASCII marks count only before a space or the end, so "9:30", "3.5" and "1,280" stay whole.
 * The last clause has no pause: the turn is over. A text without words gives no clause.
 */
export function clausesOf(text: string): SpokenClause[] {
  return withoutLastPause(split(text))
}

/** One utterance of text and recordings in any order. A text keeps its last pause before a recording; a recording has none but its own. */
export function clausesOfParts(parts: readonly SpokenPart[]): SpokenClause[] {
  const clauses: SpokenClause[] = []
  let text = ''
  for (const part of parts) {
    if (!part.recording) {
      text += part.text
      continue
    }
    clauses.push(...split(text), { text: part.text, pauseMs: 0, audioMs: 0, recording: part.recording, saysIt: part.saysIt })
    text = ''
  }
  return withoutLastPause([...clauses, ...split(text)])
}

function withoutLastPause(clauses: SpokenClause[]): SpokenClause[] {
  const last = clauses.at(-1)
  if (last) last.pauseMs = 0
  return clauses
}

function split(text: string): SpokenClause[] {
  const pieces = text.match(/[^，。！？；：、]*?(?:[，。！？；：、]+|[,;.!?]+(?=\s|$)|$)/gu) ?? []
  const clauses: SpokenClause[] = []
  for (const piece of pieces) {
    const trimmed = piece.trim()
    if (!/[\p{L}\p{N}]/u.test(trimmed)) {
      const before = clauses.at(-1)
      if (before) before.text += trimmed
      continue
    }
    clauses.push({ text: trimmed, pauseMs: pauseMsAfter[trimmed.at(-1)!] ?? 0, audioMs: 0 })
  }
  return clauses
}

/**
 * The words that reached the ear when `heardMs` of the audio was sent: whole clauses, then the share of the clause that was cut.
 * Infinity: everything.
 */
export function heardText(clauses: readonly SpokenClause[], heardMs: number): string {
  let left = heardMs
  let text = ''
  for (const clause of clauses) {
    // Never synthesised, never heard.
    if (clause.audioMs === 0) continue
    if (left >= clause.audioMs) {
      text += clause.text
      left -= clause.audioMs + clause.pauseMs
      continue
    }
    // Part of a recording is no part of a name that stands for it.
    if (left > 0 && clause.recording && !clause.saysIt) text += clause.text
    else if (left > 0) {
      const characters = Array.from(clause.text)
      text += characters.slice(0, Math.floor((characters.length * left) / clause.audioMs)).join('')
    }
    break
  }
  return text
}
