// Knows how written Mandarin sounds: characters and letters to pinyin syllables, words and pauses. Does not know audio or eSpeak's quirks.
import { customPinyin, pinyin } from 'pinyin-pro'
import type { ReadingDictionary } from '../text/reading-dictionary.ts'
import { letterReadings, loanReadings, surnameReadings, titles, wordReadings } from './readings.ts'

/** One thing to say, in order. `pinyin` is a toneless-ü-free syllable with tone digit, such as "lv4" or "ma5". */
export type SpeechUnit = { type: 'syllable'; pinyin: string } | { type: 'word'; english: string } | { type: 'pause'; ms: number }

customPinyin({ ...wordReadings })

/** Pauses at natural pace. A mark that is not listed makes none. */
const pauseMs: Readonly<Record<string, number>> = {
  '、': 110, '·': 60, '，': 180, ',': 180, '：': 200, ':': 200, '；': 250, ';': 250, '—': 200, '…': 250, '。': 320, '.': 320, '！': 320, '!': 320, '？': 320, '?': 320, '\n': 320,
  '（': 120, '）': 120, '(': 120, ')': 120,
}

const SYLLABLE = /^([a-zêü]+)([0-5])$/
/** Readings of a few interjections that no pinyin voice can spell, and the nearest syllable. */
const syllableAliases: Readonly<Record<string, string>> = { n: 'en', ng: 'en', hn: 'en', hng: 'heng', hm: 'heng', m: 'mu', ê: 'ei' }

/**
 * Spoken text (digits already written out) to units. Digits that are left are read one by one; characters without a reading are skipped.
 * `own`: readings that win over every other. Two pauses in a row become the longer one; there is none at the beginning or the end.
 */
export function toSpeechUnits(spoken: string, own?: ReadingDictionary): SpeechUnit[] {
  const chars = Array.from(spoken)
  const ownReadings = own?.syllablesIn(spoken)
  const readings = pinyin(spoken, { toneType: 'num', v: true, type: 'array', nonZh: 'spaced', toneSandhi: true })
  const units: SpeechUnit[] = []
  let pause = 0
  const say = (unit: SpeechUnit): void => {
    if (pause > 0 && units.length > 0) units.push({ type: 'pause', ms: pause })
    pause = 0
    units.push(unit)
  }
  const saySyllables = (text: string): void => {
    for (const syllable of text.split(' ')) say({ type: 'syllable', pinyin: syllable })
  }
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at]!
    if (/[A-Za-z]/.test(char)) {
      const word = /^[A-Za-z]+(?:['’-][A-Za-z]+)*/.exec(chars.slice(at, at + 40).join(''))![0]
      for (const unit of latinUnits(word)) say(unit)
      at += word.length - 1
      continue
    }
    const digit = '0123456789'.indexOf(char)
    if (digit >= 0) {
      saySyllables(digitReadings[digit]!)
      continue
    }
    const reading = ownReadings?.get(at) ?? surnameReading(chars, at) ?? (chars.length === readings.length ? readings[at] : pinyin(char, { toneType: 'num', v: true }))
    const match = SYLLABLE.exec(reading ?? '')
    if (match) say({ type: 'syllable', pinyin: normalSyllable(match[1]!, match[2]!) })
    else pause = Math.max(pause, pauseMs[char] ?? 0)
  }
  return units
}

const digitReadings = ['ling2', 'yao1', 'er4', 'san1', 'si4', 'wu3', 'liu4', 'qi1', 'ba1', 'jiu3']

function normalSyllable(base: string, tone: string): string {
  const plain = base.replace('ü', 'v')
  return (syllableAliases[plain] ?? plain) + (tone === '0' ? '5' : tone)
}

/** Short capitals are spelled, as is a single letter; everything else is left to the English voice. */
function latinUnits(word: string): SpeechUnit[] {
  const upper = word.toUpperCase()
  const loan = loanReadings[upper]
  if (loan !== undefined) return loan.split(' ').map((syllable) => ({ type: 'syllable', pinyin: syllable }))
  const letters = upper.replace(/[^A-Z]/g, '')
  const spelled = letters.length === 1 || (word === upper && (letters.length <= 4 || !/[AEIOU]/.test(letters) || /[^AEIOUY]{4}|ABC|XYZ/.test(letters)))
  if (!spelled) return [{ type: 'word', english: word.toLowerCase() }]
  return Array.from(letters).flatMap((letter) => letterReadings[letter]!.split(' ').map((syllable) => ({ type: 'syllable' as const, pinyin: syllable })))
}

/** Longest given name. */
const GIVEN_NAME_MAX = 2
/** A name may begin after these: the sentence, a mark, or a word that introduces a person. */
const introducesName = /(?:^|[，,。！？!?：:、；;\s（(]|请问|请问是|是不是|是|叫|姓|通知|找|告诉|提醒|给|和|与|跟|由|联系|转告|让|您好|你好|喂|帮|请)$/
/** Words that begin with a surname character: their presence after an introducing word proves nothing. */
const commonWords = /^(?:单[位据元独号身纯日价笔证车]|任[务何意命由凭职期教免性]|解[决释除答散约锁封放]|查[询收看明找验封阅证]|区[域别间分块]|盖[章好住上印]|能[够不否]|过[来去了年节期]|那[么个边里些天位是就]|都[是有在可要市]|要[求是不么的紧]|重[要新复点大]|相[关信应当]|教[育室师练程]|员[工]|种[类植]|强[调烈制]|应[该当用急]|车[辆票位站主间险型]|黑[名色]|乐[于意]|华[为]|曲[线]|折[扣]|洗[衣车]|秘[书密]|句[子话]|盛[大]|薄[弱])/

/** The surname reading of the character at `at` when it stands where a name stands, otherwise undefined. */
function surnameReading(chars: readonly string[], at: number): string | undefined {
  const reading = surnameReadings[chars[at]!]
  if (reading === undefined) return undefined
  const before = chars.slice(Math.max(0, at - 3), at).join('')
  const after = chars.slice(at + 1, at + 1 + GIVEN_NAME_MAX + 3).join('')
  if (before.endsWith('姓') && !/^[氏名]/.test(chars[at]!)) return reading
  if (commonWords.test(chars[at]! + after)) return undefined
  if (startsWithTitle(after) && (introducesName.test(before) || !/[\u4e00-\u9fff]$/.test(before) || longTitle(after))) return reading
  if (!introducesName.test(before)) return undefined
  for (let given = 1; given <= GIVEN_NAME_MAX; given += 1) {
    if (/^[\u4e00-\u9fff]{1,2}$/.test(after.slice(0, given)) && startsWithTitle(after.slice(given))) return reading
  }
  // 曾 and 仇 and 任 hardly ever begin a sentence part otherwise, apart from the words listed here.
  if (chars[at] === '曾' && /^[\u4e00-\u9fff]/.test(after) && !/^[经在是用有被任获多几与于向对到想]/.test(after)) return reading
  if (chars[at] === '任' && /^[\u4e00-\u9fff]{1,2}(?:$|[，,。！？!?吗吧明今本])/.test(after) && !/^[一选其人]/.test(after)) return reading
  if (chars[at] === '仇' && /^[\u4e00-\u9fff]/.test(after) && !/^[恨视人敌家杀]/.test(after)) return reading
  return undefined
}

function startsWithTitle(text: string): boolean {
  return titles.some((title) => text.startsWith(title))
}

function longTitle(text: string): boolean {
  return titles.some((title) => title.length > 1 && text.startsWith(title))
}
