// Knows how training sentences are drawn: templates, slots, numbers, short answers. Does not know audio.
// Every sentence is made of Chinese characters and the comma only; English phrases excepted.
import fs from 'node:fs'
import type { Random } from './random.ts'
import {
  ACTIVITIES, ADVERBS, AGREEMENTS, CITIES, COMPANIES, DAYS, ENDINGS, FAMILY, FILLERS, GIVEN, MEASURES, MINUTES_AFTER_EXACT, MINUTES_BEFORE_EXACT, PARTICLES,
  PERIODS, PLACES, PRODUCTS, REFUSALS, ROADS, SUBJECTS, SURNAMES, TITLES,
} from './vocabulary.ts'

/** Fillers of {slots}, by name. */
export type Slots = Readonly<Record<string, (random: Random) => string>>

const DIGITS = '零一二三四五六七八九'

/** Cardinal number 0..99999 in Chinese characters. */
export function cardinal(value: number, liang = false): string {
  if (value === 2 && liang) return '两'
  if (value < 10) return DIGITS[value]!
  if (value < 20) return '十' + (value % 10 ? DIGITS[value % 10]! : '')
  const units = [[10_000, '万'], [1000, '千'], [100, '百'], [10, '十']] as const
  for (const [size, name] of units) {
    if (value < size) continue
    const head = Math.floor(value / size)
    const rest = value % size
    const headText = head === 2 && size >= 1000 ? '两' : cardinal(head)
    if (!rest) return headText + name
    const gap = rest < size / 10 ? '零' : ''
    const tail = rest >= 10 && rest < 20 ? '一' + cardinal(rest) : cardinal(rest)
    return headText + name + gap + tail
  }
  return DIGITS[0]!
}

/** Digits read one by one; 1 becomes 幺 when asked. */
export function spellDigits(digits: string, useYao: boolean): string {
  return Array.from(digits, (digit) => (digit === '1' && useYao ? '幺' : DIGITS[Number(digit)]!)).join('')
}

/** What may stand in a {slot}. The order of draws is part of every data set: keep it. */
export const slots = {
  surname: (r: Random): string => r.pick(SURNAMES),
  name: (r: Random): string => r.pick(SURNAMES) + (r.chance(0.3) ? r.pick(GIVEN) : r.pick(GIVEN) + r.pick(GIVEN)),
  person: (r: Random): string => (r.chance(0.5) ? r.pick(SURNAMES) + r.pick(TITLES) : r.chance(0.5) ? slots.name(r) : r.pick(['老', '小']) + r.pick(SURNAMES.slice(0, 60))),
  title: (r: Random): string => r.pick(TITLES),
  city: (r: Random): string => r.pick(CITIES),
  road: (r: Random): string => r.pick(ROADS) + (r.chance(0.6) ? cardinal(r.integer(1, 999)) + '号' : ''),
  company: (r: Random): string => r.pick(COMPANIES),
  product: (r: Random): string => r.pick(PRODUCTS),
  family: (r: Random): string => r.pick(FAMILY),
  place: (r: Random): string => r.pick(PLACES),
  doing: (r: Random): string => r.pick(ACTIVITIES),
  filler: (r: Random): string => r.pick(FILLERS),
  end: (r: Random): string => r.pick(PARTICLES),
  count: (r: Random): string => (r.chance(0.7) ? cardinal(r.integer(1, 12), true) : cardinal(r.integer(13, 999))) + r.pick(MEASURES),
  number: (r: Random): string => cardinal(r.chance(0.5) ? r.integer(0, 99) : r.integer(100, 99999)),
  hour: (r: Random): string => cardinal(r.integer(1, 12), true) + '点',
  clock: (r: Random): string => {
    const hour = cardinal(r.integer(1, r.chance(0.8) ? 12 : 23), true) + '点'
    const [exact, exactWithUnit] = [cardinal(r.integer(11, 59)), `${cardinal(r.integer(11, 59))}分`]
    const minute = r.pick([...MINUTES_BEFORE_EXACT, exact, exactWithUnit, ...MINUTES_AFTER_EXACT])
    return hour + minute
  },
  part: (r: Random): string => r.pick(['早上', '上午', '中午', '下午', '傍晚', '晚上', '凌晨', '半夜', '早晨', '夜里']),
  day: (r: Random): string =>
    r.pick([
      ...DAYS,
      `周${r.pick('一二三四五六日末')}`,
      `星期${r.pick('一二三四五六天')}`,
      `下周${r.pick('一二三四五六日')}`,
      `礼拜${r.pick('一二三四五六天')}`,
      `下星期${r.pick('一二三四五')}`,
      `这周${r.pick('一二三四五六日末')}`,
      ...PERIODS,
    ]),
  date: (r: Random): string => (r.chance(0.6) ? cardinal(r.integer(1, 12)) + '月' : '') + cardinal(r.integer(1, 31)) + r.pick(['号', '号', '日']),
  year: (r: Random): string => spellDigits(String(r.integer(1960, 2030)), false) + '年',
  when: (r: Random): string =>
    r.pick([
      slots.day,
      slots.date,
      slots.part,
      slots.clock,
      (x: Random) => slots.day(x) + slots.part(x),
      (x: Random) => slots.day(x) + slots.part(x) + slots.clock(x),
      (x: Random) => slots.part(x) + slots.clock(x),
      (x: Random) => slots.date(x) + slots.part(x) + slots.clock(x),
    ])(r),
  money: (r: Random): string => {
    const value = r.chance(0.4) ? r.integer(1, 99) : r.chance(0.5) ? r.integer(1, 99) * 100 : r.integer(100, 99999)
    const fraction = r.chance(0.15) ? '点' + DIGITS[r.integer(1, 9)]! + (r.chance(0.4) ? DIGITS[r.integer(1, 9)]! : '') : ''
    return cardinal(value, true) + fraction + r.pick(['块', '块钱', '元', '元钱', '块多', '万', '万块', '万元'])
  },
  percent: (r: Random): string =>
    r.pick([
      `百分之${cardinal(r.integer(1, 100))}`,
      `百分之${cardinal(r.integer(0, 9))}点${DIGITS[r.integer(1, 9)]!}`,
      `${cardinal(r.integer(1, 9))}折`,
      r.pick(['八五折', '九五折', '七五折', '打八折', '对折', '半价']),
    ]),
  mobile: (r: Random): string => {
    let digits = '1' + r.pick('35789')
    while (digits.length < 11) digits += r.integer(0, 9)
    return spellDigits(digits, r.chance(0.6))
  },
  digits: (r: Random): string => {
    let digits = ''
    for (let n = r.integer(2, 8); n > 0; n--) digits += r.integer(0, 9)
    return spellDigits(digits, r.chance(0.5))
  },
  room: (r: Random): string => {
    const building = r.chance(0.5) ? cardinal(r.integer(1, 30)) + r.pick(['栋', '号楼', '幢']) : ''
    const unit = r.chance(0.4) ? `${cardinal(r.integer(1, 6))}单元` : ''
    const door = `${r.integer(1, 30)}0${r.integer(1, 8)}`
    return building + unit + spellDigits(door, r.chance(0.3)) + r.pick(['', '室', '房间', '号'])
  },
  refuse: (r: Random): string => r.pick(REFUSALS),
  agree: (r: Random): string => r.pick(AGREEMENTS),
}

/** Lines of a template file without comments. */
function readTemplates(name: string): string[] {
  const lines = fs.readFileSync(new URL(`./texts/${name}`, import.meta.url), 'utf8').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line && !line.startsWith('#'))
}

const templates = readTemplates('templates.txt')
const everyday = readTemplates('everyday.txt')
const actions = readTemplates('actions.txt').flatMap((line) => line.split(' '))

/** Replace every {slot} of a template. */
export function fillTemplate(template: string, random: Random, fillers: Slots = slots): string {
  return template.replace(/\{(\w+)\}/g, (_, slot: string) => fillers[slot]!(random))
}

/** One sentence from the templates, sometimes with a filler in front or two sentences joined. */
export function templateSentence(random: Random, fillers: Slots = slots): string {
  let text = fillTemplate(random.pick(templates), random, fillers)
  if (random.chance(0.14)) text = fillers['filler']!(random) + (random.chance(0.5) ? '，' : '') + text
  if (random.chance(0.12) && text.length < 12) text += '，' + fillTemplate(random.pick(templates), random, fillers)
  return text
}

/** One everyday sentence (word pairs only). */
export function everydaySentence(random: Random, fillers: Slots = slots): string {
  return fillTemplate(random.pick(everyday), random, fillers)
}

/** Random "subject + adverb + action" (word pairs only; not always sensible). */
export function actionSentence(random: Random): string {
  return random.pick(SUBJECTS) + random.pick(ADVERBS) + random.pick(actions) + random.pick(ENDINGS)
}

/** Some are listed twice: they are asked for more often. */
const SHORT_ANSWER_SLOTS = (
  'when when clock date mobile digits money count name person room road city percent refuse agree filler product place number day company family'
).split(' ')

/** Short slot-only utterance: a time, a date, a phone number, a name, an amount, an answer. */
export function shortAnswer(random: Random, fillers: Slots = slots): string {
    const text = fillers[random.pick(SHORT_ANSWER_SLOTS)]!(random)
  return random.chance(0.2) ? text + random.pick(['吧', '啊', '呢', '吗', '的', '了', '行吗', '可以吗', '左右']) : text
}
