// Knows how written Mandarin is read out: display text in, spoken text out. Pure. Does not know voices, pinyin or calls.
import { spokenDigits } from './numerals.ts'
import { HOST, toPlainText, tidyPunctuation } from './plain-text.ts'
import { amountRules } from './rules-amounts.ts'
import { calendarRules } from './rules-calendar.ts'
import { codeRules } from './rules-codes.ts'
import { customRules } from './rules-custom.ts'
import { inPieces, type ReadingRule } from './rule.ts'

const symbolRules: readonly ReadingRule[] = [
  { name: 'e-mail', pattern: /([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,5})/y, say: ([, user, domain]) => `${spellAddress(user!)}艾特${spellAddress(domain!)}` },
  { name: 'web site', pattern: new RegExp(`(${HOST})(?![\\w@-])`, 'yi'), say: ([, host], { before }) => (/[\w@.-]$/.test(before) ? undefined : spellAddress(host!)) },
  { name: 'product of packs', pattern: /\*(?=\d)/y, say: (_, { before }) => (/\d\s*[A-Za-z\u4e00-\u9fff]{1,3}$/.test(before) ? '乘' : undefined) },
  { name: 'key', pattern: /([#*])(?=号?键|号)/y, say: ([, key], { after }) => (key === '#' ? '井' : '星') + (after.startsWith('号') ? '' : '号') },
  { name: 'key alone', pattern: /([#*])/y, say: ([, key], { before }) => (/按|键|输入$/.test(before.slice(-3)) ? (key === '#' ? '井号' : '星号') : '') },
  { name: 'underscore', pattern: /_/y, say: (_, { before, after }) => (/[A-Za-z0-9]$/.test(before) && /^[A-Za-z0-9]/.test(after) ? '下划线' : '') },
  { name: 'square', pattern: /²/y, say: () => '的平方' },
  { name: 'cube', pattern: /³/y, say: () => '的立方' },
  { name: 'and or', pattern: /\/(?=或)/y, say: () => '' },
  { name: 'at', pattern: /@/y, say: () => '艾特' },
  { name: 'and', pattern: /\s*&\s*/y, say: () => '和' },
  { name: 'plus', pattern: /\+/y, say: () => '加' },
  { name: 'equals', pattern: /=/y, say: () => '等于' },
  { name: 'comparison', pattern: /([<>≤≥≈±])=?/y, say: ([, sign], { after }) => (/^\s*[-\d]/.test(after) ? { '<': '小于', '>': '大于', '≤': '小于等于', '≥': '大于等于', '≈': '约等于', '±': '正负' }[sign!] : '') },
  { name: 'times', pattern: /[×✕]/y, say: () => '乘' },
  { name: 'divided', pattern: /÷/y, say: () => '除以' },
  { name: 'arrow', pattern: /\s*(?:→|->|=>)\s*/y, say: () => '到' },
  { name: 'permille', pattern: /[%]/y, say: () => '百分号' },
  { name: 'degree', pattern: /℃/y, say: () => '摄氏度' },
  { name: 'square metre', pattern: /㎡/y, say: () => '平方米' },
  { name: 'currency alone', pattern: /[¥$€£]/y, say: () => '' },
  { name: 'per', pattern: /\//y, say: (_, { before, after }) => (/\d{7}$/.test(before) && /^\s*\d{7}/.test(after) ? '或' : /(?:元|块|米|公里|斤|次|个|人|分)$/.test(before) && /^[\u4e00-\u9fffA-Za-z]/.test(after) ? '每' : /[\u4e00-\u9fff]$/.test(before) && /^[\u4e00-\u9fff]/.test(after) ? '或' : '，') },
  { name: 'tilde or dash between words', pattern: /\s*[-–~～]+\s*/y, say: (_, { before, after }) => joinWords(before, after) },
]

/** As it is dictated. What cannot be a word is spelled, which capitals tell the voice: QQ点com, WWW点… */
function spellAddress(text: string): string {
  return spokenDigits(text, '幺')
    .replace(/[A-Za-z]+/g, (letters) => (/[aeiou]/i.test(letters) || letters.length > 4 ? letters : letters.toUpperCase()))
    .replaceAll('.', '点').replaceAll('_', '下划线').replaceAll('-', '杠').replaceAll('+', '加')
}

/** 周一-周五 is a range; Wi-Fi keeps its hyphen; anything else is a pause. */
function joinWords(before: string, after: string): string {
  if (/[A-Za-z]$/.test(before) && /^[A-Za-z]/.test(after)) return '-'
  return /[\d\u4e00-\u9fff]$/.test(before) && /^[\d\u4e00-\u9fff]/.test(after) ? '到' : '，'
}

/** The first rule that applies wins: exact shapes before loose ones. */
const ADDRESS_RULES = 2
/** Cards and phones: longer than anything that a date could be part of. */
const UNMISTAKABLE_RULES = codeRules.findIndex((rule) => rule.name === 'masked mobile')
const rules: readonly ReadingRule[] = [...symbolRules.slice(0, ADDRESS_RULES), ...codeRules.slice(0, UNMISTAKABLE_RULES), ...customRules, ...calendarRules, ...codeRules.slice(UNMISTAKABLE_RULES), ...amountRules, ...symbolRules.slice(ADDRESS_RULES)]
/** No rule begins with any other character. */
const MAY_BEGIN_RULE = /[0-9A-Za-z+\-–~～*#@&=<>≤≥≈±×✕÷→%‰‱℃㎡¥$€£/№(（_²³第周星礼转分京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领\s]/

/**
 * Display text → text as a person would say it: numbers, dates, phones and units in characters, no markup, links or emoji.
 * Latin letters stay as they are (their reading is the voice's business); marks are 。！？；，、 only.
 */
export function toSpoken(text: string): string {
  return inPieces(text).map(readPiece).join('')
}

function readPiece(text: string): string {
  const plain = toPlainText(text)
  let spoken = ''
  let at = 0
  reading: while (at < plain.length) {
    if (MAY_BEGIN_RULE.test(plain[at]!)) {
      const before = plain.slice(Math.max(0, at - 24), at)
      for (const rule of rules) {
        rule.pattern.lastIndex = at
        const match = rule.pattern.exec(plain)
        if (!match || match[0] === '') continue
        const end = at + match[0].length
        const said = rule.say(match, { before, after: plain.slice(end, end + 24) })
        if (said === undefined) continue
        spoken += said
        at = end
        continue reading
      }
    }
    spoken += plain[at]!
    at += 1
  }
  return tidyPunctuation(spoken)
}
