// Knows which announcement of the network a text is, also when a recogniser wrote it with the wrong characters. Does not know audio or calls.
import { pinyin } from 'pinyin-pro'
import { announcementStatuses, announcementTable, subjects, type AnnouncementStatus, type SubjectGroup } from './announcement-table.ts'

export type Verdict = {
  /** `unknown`: nothing that a network says. */
  status: AnnouncementStatus | 'unknown'
  /** The call can come to nothing else. */
  certain: boolean
  /** The cues and the subject that decided. */
  evidence: readonly string[]
}

/** In a longer text a word that anybody says is no subject; two cues of the same row do without one. */
const LONG_TEXT_CHARACTERS = 30
const weakGroups: ReadonlySet<SubjectGroup> = new Set(['network', 'dialling'])
/** Enough for several rounds of the longest announcement. */
const TEXT_CHARACTERS_MAX = 600

/** A text in the three ways it is searched. */
type Heard = { text: string; sound: string }
/** One string that must occur: as text, or by its sound. `digit`: followed by a digit. */
type Term = { text: string; sound: string | undefined; digit: boolean }
type Cue = { name: string; parts: readonly (readonly Term[])[] }
type Row = { status: AnnouncementStatus; terminal: boolean; about: readonly SubjectGroup[]; cues: readonly Cue[] }

const DIGIT = /^[0-9零〇一二三四五六七八九幺两]/
const ENGLISH_DIGIT = /^(?:zero|one|two|three|four|five|six|seven|eight|nine)/

const rows: readonly Row[] = announcementStatuses.map((status) => {
  const { terminal, about, cues } = announcementTable[status]
  // Where no subject is asked for, two syllables sound like too much: 等待街灯 holds 代接.
  const syllablesMin = about.includes('any') ? 3 : 2
  return { status, terminal, about, cues: cues.map((cue) => toCue(cue, syllablesMin)) }
})
const subjectTerms = new Map(Object.entries(subjects).map(([group, words]) => [group as SubjectGroup, words.map((word) => toTerm(word, 2))]))

/** Chinese words of all announcements, for recognisers that can favour words. */
export const announcementWords: readonly string[] = [
  ...new Set([...Object.values(announcementTable).flatMap(({ cues }) => cues.flatMap((cue) => cue.split(/[+|]/))), ...Object.values(subjects).flat()].map((word) => word.replace(/[=#]/g, ''))),
].filter((word) => /^[\u4e00-\u9fff]{2,}$/.test(word))

/** Any text that was heard before the answer. Rows are looked for in the order of the table; the first one that fits wins. */
export function verdictOf(said: string): Verdict {
  const heard = toHeard(said.slice(-TEXT_CHARACTERS_MAX))
  for (const row of rows) {
    const cues = row.cues.filter((cue) => cue.parts.every((alternatives) => alternatives.some((term) => occurs(term, heard))))
    if (cues.length === 0) continue
    const isLong = heard.text.length > LONG_TEXT_CHARACTERS
    const subject = subjectOf(isLong ? row.about.filter((group) => !weakGroups.has(group)) : row.about, heard)
    if (subject === undefined && !(isLong && cues.length > 1)) continue
    return { status: row.status, certain: row.terminal, evidence: [...(subject ? [subject] : []), ...cues.map(({ name }) => name)] }
  }
  return { status: 'unknown', certain: false, evidence: [] }
}

/** Whether a text says what a cue asks for, in the notation of the table; also by its sound. */
export function says(said: string, cue: string): boolean {
  return cueFinder([cue])(said) !== undefined
}

/** The first of the cues that a text says. Two syllables are as written only when `syllablesMin` is 3: they sound like too much. */
export function cueFinder(cues: readonly string[], syllablesMin = 2): (said: string) => string | undefined {
  const compiled = cues.map((cue) => toCue(cue, syllablesMin))
  return (said) => {
    const heard = toHeard(said.slice(-TEXT_CHARACTERS_MAX))
    return compiled.find(({ parts }) => parts.every((alternatives) => alternatives.some((term) => term.text !== '' && occurs(term, heard))))?.name
  }
}

/** The word that tells whom the text speaks of; '' where anybody will do. */
function subjectOf(about: readonly SubjectGroup[], heard: Heard): string | undefined {
  if (about.includes('any')) return ''
  for (const group of about) {
    const term = subjectTerms.get(group)!.find((candidate) => occurs(candidate, heard))
    if (term) return term.text
  }
  return undefined
}

function occurs(term: Term, heard: Heard): boolean {
  for (let at = heard.text.indexOf(term.text); at >= 0; at = heard.text.indexOf(term.text, at + 1)) {
    const after = heard.text.slice(at + term.text.length)
    if (!term.digit || DIGIT.test(after) || ENGLISH_DIGIT.test(after)) return true
  }
  return term.sound !== undefined && heard.sound.includes(term.sound)
}

function toCue(cue: string, syllablesMin: number): Cue {
  return { name: cue.replace(/^=/, ''), parts: cue.split('+').map((part) => part.split('|').map((word) => toTerm(word, syllablesMin))) }
}

function toTerm(word: string, syllablesMin: number): Term {
  const digit = word.endsWith('#')
  const text = plain(word)
  const bySound = !digit && !word.startsWith('=') && /^[\u4e00-\u9fff]+$/.test(text) && text.length >= syllablesMin
  return { text, sound: bySound ? soundOf(text) : undefined, digit }
}

/** Many tables ask about the same words one after the other. */
let last: { said: string; heard: Heard } | undefined

function toHeard(said: string): Heard {
  if (last?.said === said) return last.heard
  const text = plain(said)
  const heard = { text, sound: soundOf(text) }
  last = { said, heard }
  return heard
}

/** Lower case without blanks and punctuation. */
function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/** Toneless syllables, each between blanks; everything that is not Chinese breaks them. */
function soundOf(text: string): string {
  return ` ${pinyin(text, { toneType: 'none', v: true, type: 'array', nonZh: 'consecutive' }).join(' ')} `
}
