// Knows the syllables of Mandarin, and for each a common character that can be read in no other way. Does not know words.
import { pinyin } from 'pinyin-pro'

/** Rows of GB 2312 with the 3,755 common characters. */
const ROWS = { first: 0xb0, last: 0xd7 }
const CELLS = { first: 0xa1, last: 0xfe }

let unambiguous: ReadonlyMap<string, string> | undefined
let bases: ReadonlySet<string> | undefined

/** Takes 60 ms, once, and only where somebody has readings of their own. */
function load(): ReadonlyMap<string, string> {
  if (unambiguous) return unambiguous
  const found = new Map<string, string>()
  const seen = new Set<string>()
  const decoder = new TextDecoder('gbk')
  for (let row = ROWS.first; row <= ROWS.last; row += 1) {
    for (let cell = CELLS.first; cell <= CELLS.last; cell += 1) {
      const char = decoder.decode(Uint8Array.of(row, cell))
      if (!/^[\u4e00-\u9fff]$/.test(char)) continue
      const readings = pinyin(char, { toneType: 'num', v: true, multiple: true, type: 'array' })
      for (const reading of readings) seen.add(reading.replace(/\d$/, ''))
      if (readings.length === 1 && !found.has(readings[0]!)) found.set(readings[0]!, char)
    }
  }
  unambiguous = found
  bases = seen
  return found
}

/** A character that is read as this syllable ("chong2") and as nothing else; undefined where there is none, as for every neutral tone. */
export function homophoneOf(syllable: string): string | undefined {
  return load().get(syllable)
}

const MARKS = 'āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ'

/**
 * Pinyin as people write it, one syllable per character: "chong2 qing4", "chóng qìng", "lv4"/"lü4"/"lǜ". Neutral tone is 5, 0 or no mark.
 * undefined when a part is no syllable of Mandarin.
 */
export function parsePinyin(text: string): string[] | undefined {
  load()
  const syllables: string[] = []
  for (const part of text.trim().toLowerCase().split(/[\s'’-]+/)) {
    let tone = /[0-5]$/.exec(part)?.[0]
    let base = part.replace(/[0-5]$/, '')
    for (const char of base) {
      const at = MARKS.indexOf(char)
      if (at < 0) continue
      if (tone !== undefined) return undefined
      tone = String((at % 4) + 1)
      base = base.replace(char, 'aeiouv'[Math.floor(at / 4)]!)
    }
    base = base.replaceAll('ü', 'v').replaceAll('u:', 'v')
    if (!bases!.has(base)) return undefined
    syllables.push(base + (tone === undefined || tone === '0' ? '5' : tone))
  }
  return syllables
}
