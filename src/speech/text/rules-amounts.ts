// Knows how amounts are said: money, percent, fractions, ranges, units, counts and plain numbers. Does not know dates or codes.
import { countingWords, currencyNames, notCounting, unitNames } from './measures.ts'
import { CARDINAL_DIGITS_MAX, spokenDigits, spokenInteger, spokenNumber } from './numerals.ts'
import { phraseBefore, type ReadingRule } from './rule.ts'

const NUMBER = String.raw`\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?`
const TO = String.raw`\s*(?:-|–|—|~|～|至|到)\s*`
const SCALE = '万亿|亿|万|千万|百万|千|百'

const longestFirst = (words: readonly string[]): string => [...words].sort((a, b) => b.length - a.length).map(escape).join('|')
const UNIT = longestFirst(Object.keys(unitNames))
const CURRENCY = longestFirst(Object.keys(currencyNames))
const startsCounting = new RegExp(`^\\s*(?!${longestFirst(notCounting)})(?:${longestFirst(countingWords)})`)

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}

/** 两 for a lone 2 where something is counted. `next` is what follows in speech. */
function counted(number: string, next: string): string {
  if (number === '2') return startsCounting.test(next) && !next.startsWith('两') ? '两' : '二'
  return spokenNumber(number)
}

/** Money with two decimals is said in 元, 角 and 分; anything else as a number before 元. */
function spokenMoney(number: string, scale: string, name: string): string {
  const plain = number.replaceAll(',', '')
  const cents = /^(\d+)\.(\d)(\d)$/.exec(plain)
  if (!cents || scale !== '') return counted(plain, scale || name) + scale + name
  const [, whole, jiao, fen] = cents
  const tail = (jiao === '0' ? (fen === '0' ? '' : '零') : `${counted(jiao!, '角')}角`) + (fen === '0' ? '' : `${counted(fen!, '分')}分`)
  if (name !== '元') return tail === '' ? counted(whole!, name) + name : spokenNumber(plain) + name
  if (Number(whole) === 0 && tail !== '') return tail.replace(/^零/, '')
  return `${counted(whole!, name)}${name}${tail}`
}

function spokenTemperature(sign: string | undefined, number: string, unit: string): string {
  return (sign ? '零下' : '') + counted(number, unit) + unit
}

export const amountRules: readonly ReadingRule[] = [
  {
    name: 'currency sign',
    pattern: new RegExp(String.raw`(${CURRENCY})\s*(${NUMBER})(?:${TO}(?:${CURRENCY})?\s*(${NUMBER}))?\s*(${SCALE})?(?:元(?!旦|宵))?`, 'y'),
    say: ([, sign, from, to, scale = '']) => {
      const name = currencyNames[sign!]!
      return to === undefined ? spokenMoney(from!, scale, name) : `${counted(from!, scale || name)}到${spokenMoney(to, scale, name)}`
    },
  },
  {
    name: 'number and currency code',
    pattern: new RegExp(String.raw`(${NUMBER})\s*(${SCALE})?\s*(RMB|CNY|USD|HKD|EUR|GBP|JPY)(?![A-Za-z])`, 'y'),
    say: ([, number, scale = '', code]) => spokenMoney(number!, scale, currencyNames[code!]!),
  },
  {
    name: 'yuan with cents',
    pattern: /(\d{1,3}(?:,\d{3})+\.\d\d|\d+\.\d\d)\s*元(?!旦|宵)/y,
    say: ([, number], { before }) => (/[\d.-]$/.test(before) ? undefined : spokenMoney(number!, '', '元')),
  },
  {
    name: 'percent range',
    pattern: new RegExp(String.raw`(\d+(?:\.\d+)?)[%％]?${TO}(\d+(?:\.\d+)?)[%％]`, 'y'),
    say: ([, from, to]) => `百分之${spokenNumber(from!)}到百分之${spokenNumber(to!)}`,
  },
  {
    name: 'percent',
    pattern: new RegExp(String.raw`([-+])?(${NUMBER})([%‰‱])`, 'y'),
    say: ([, sign, number, mark], { before }) => {
      if (sign && /[\dA-Za-z]$/.test(before)) return undefined
      const of = { '%': '百分之', '‰': '千分之' }[mark!] ?? '万分之'
      return of + (sign === '-' ? '负' : sign === '+' ? '正' : '') + (mark === '%' && number === '100' ? '百' : spokenNumber(number!))
    },
  },
  {
    name: 'temperature range',
    pattern: new RegExp(String.raw`(-)?(\d+(?:\.\d+)?)(?:℃|°C)?(?:${TO})(-)?(\d+(?:\.\d+)?)(℃|°C|度)`, 'y'),
    say: ([, below, from, belowTo, to, unit], { before }) => {
      if (below && /\d$/.test(before)) return undefined
      const name = unit === '度' ? '度' : '摄氏度'
      const above = below && !belowTo ? '零上' : ''
      return `${below ? '零下' : ''}${counted(from!, name)}到${above}${spokenTemperature(belowTo, to!, name)}`
    },
  },
  {
    name: 'temperature below zero',
    pattern: /-(\d+(?:\.\d+)?)\s*(℃|°C|度)/y,
    say: ([, number, unit], { before }) => (/\d$/.test(before) ? undefined : spokenTemperature('-', number!, unit === '度' ? '度' : '摄氏度')),
  },
  {
    name: 'fraction',
    pattern: /(\d{1,4})\/(\d{1,4})(?![\d/])/y,
    say: ([, over, under], { before }) => (/[\d./]$/.test(before) || Number(under) === 0 ? undefined : `${spokenInteger(under!)}分之${spokenInteger(over!)}`),
  },
  {
    name: 'product of sizes',
    // The unit of the last is said once for all.
    pattern: /(\d+(?:\.\d+)?)\s*(cm|mm|m|米|厘米|毫米)?\s*[×xX*]\s*(\d+(?:\.\d+)?)(?:\s*(cm|mm|m|米|厘米|毫米)?\s*[×xX*]\s*(\d+(?:\.\d+)?))?(?:\s*(cm|mm|m)(?![A-Za-z²³\d]))?/y,
    say: ([, a, , b, , c, unit]) => [a, b, c].filter((size) => size !== undefined).map(spokenNumber).join('乘') + (unit === undefined ? '' : unitNames[unit]!),
  },
  {
    name: 'score',
    pattern: /(\d{1,3})[-–:](\d{1,3})(?![\d.:-])/y,
    say: ([all, a, b], { before, after }) => {
      const phrase = phraseBefore(before)
      const score = /(?:比分|战胜|击败|胜|负|败|平|领先|落后|比例|比率|比值|按|赔率)[为是以了]?\s*$/.test(phrase) || /^\s*(?:战胜|击败|领先|落后|获胜|取胜|的比例|的?比分|战平|平(?!米|方))/.test(after)
      if (/[\d.-]$/.test(before) || (!score && !all.includes(':'))) return undefined
      return `${spokenInteger(a!)}比${spokenInteger(b!)}`
    },
  },
  {
    name: 'range',
    pattern: new RegExp(String.raw`(${NUMBER})\s*(${SCALE})?${TO}(${NUMBER})\s*(${SCALE})?\s*(${UNIT})?(?![A-Za-z\d])`, 'y'),
    say: ([all, from, fromScale = '', to, toScale = '', unit], { before, after }) => {
      if (/[\d.A-Za-z-]$/.test(before)) return undefined
      const name = unit ? unitNames[unit]! : ''
      const next = toScale || name || after
      const rising = Number(from!.replaceAll(',', '')) * scaleValue(fromScale || toScale) < Number(to!.replaceAll(',', '')) * scaleValue(toScale)
      if (!rising && !/[至到~～]/.test(all)) return `${spokenDigits(from!, '幺')}，${spokenDigits(to!, '幺')}${name}`
      return `${counted(from!, fromScale || next)}${fromScale}到${counted(to!, next)}${toScale}${name}`
    },
  },
  {
    name: 'ordinal',
    pattern: /第\s*(\d{1,8})(?:\s*[-–~～至到]\s*(\d{1,8}))?(?![\d.])/y,
    say: ([, number, to]) => [number!, to].flatMap((value) => (value ? `第${spokenInteger(value).replace(/^两/, '二')}` : [])).join('到'),
  },
  { name: 'numero', pattern: /(?:No\.|NO\.|no\.|№)\s*(\d{1,8})(?![\d.])/y, say: ([, number]) => `${spokenInteger(number!)}号` },
  { name: 'version', pattern: /(\d+(?:\.\d+){2,})/y, say: ([, version], { before }) => (/[\d.]$/.test(before) ? undefined : version!.split('.').map(spokenInteger).join('点')) },
  {
    name: 'amount per',
    pattern: /(\d[\d,.]*)\s*(元|块|km|公里)\/(h|月|年|天|日|人|个|次|小时|平方米|平米|㎡|斤|公斤|kg|件|位|晚|分钟|节|吨|度|升)/y,
    say: ([, number, unit, per]) => `每${{ h: '小时', '㎡': '平方米', kg: '公斤' }[per!] ?? per}${counted(number!.replaceAll(',', ''), unit!)}${unit === 'km' ? '公里' : unit}`,
  },
  { name: 'megabits', pattern: /(\d+)M(?=宽带|带宽|流量|网|的?网速|光纤)/y, say: ([, number]) => `${counted(number!, '兆')}兆` },
  {
    name: 'number and unit',
    pattern: new RegExp(String.raw`(-)?(${NUMBER})\s*(${UNIT})(?![A-Za-z²³])`, 'y'),
    say: ([, sign, number, unit], { before }) => {
      if (/[\d.]$/.test(before) || (/[A-Za-z]$/.test(before) && !/\d(?:h|min|m)$/.test(before))) return undefined
      const name = unitNames[unit!]!
      return (sign ? '负' : '') + counted(number!, name) + name
    },
  },
  {
    name: 'number',
    pattern: new RegExp(String.raw`([-+])?(${NUMBER})`, 'y'),
    say: ([, sign, number], { before, after }) => {
      const negative = sign === '-' && !/[\dA-Za-z\u4e00-\u9fff)）]\s*$/.test(before.replace(/[为是到至温约]$/, ''))
      const lead = sign === undefined ? '' : sign === '+' ? (/[\dA-Za-z\u4e00-\u9fff]$/.test(before) ? '加' : '正') : negative ? '负' : '，'
      const plain = number!.replaceAll(',', '')
      const [whole = ''] = plain.split('.')
      if (whole.length > CARDINAL_DIGITS_MAX || (whole.length > 1 && whole.startsWith('0'))) return lead + spokenDigits(plain.replace('.', '点'), '幺')
      return lead + (/^\s*[多余几来]/.test(after) ? spokenNumber(plain) : counted(plain, after))
    },
  },
]

function scaleValue(scale: string): number {
  return { 百: 1e2, 千: 1e3, 万: 1e4, 百万: 1e6, 千万: 1e7, 亿: 1e8, 万亿: 1e12 }[scale] ?? 1
}
