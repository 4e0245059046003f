// Knows written forms that custom reads in a way of its own: days that became names, generations, bus lines, models, titles. Does not know amounts, dates or codes.
import { spokenDigits, spokenInteger } from './numerals.ts'
import type { ReadingRule } from './rule.ts'

const digits = (text: string): string => spokenDigits(text, '幺')
/** What makes 3.15 a name and not an amount. */
const FESTIVAL = '晚会|节(?!省|约|气|课)|大促|活动|地震|维权|购物|消费者|年中|特惠|狂欢|促销|事变|纪念'
const PER: Readonly<Record<string, string>> = { h: '小时', '㎡': '平方米', kg: '公斤', d: '天', s: '秒', min: '分钟' }

export const customRules: readonly ReadingRule[] = [
  { name: 'day with a dot in the middle', pattern: /(\d{1,2})·(\d{1,2})(?!\d)/y, say: ([, month, day], { before }) => (/\d$/.test(before) ? undefined : spokenDigits(month! + day!)) },
  { name: 'day that became a name', pattern: new RegExp(String.raw`(\d{1,2})\.(\d{1,2})(?=${FESTIVAL})`, 'y'), say: ([, month, day], { before }) => (/[\d.]$/.test(before) ? undefined : spokenDigits(month! + day!)) },
  { name: 'sale of a day', pattern: new RegExp(String.raw`(618|1111|1212|818|315)(?=${FESTIVAL}|期间|当天)`, 'y'), say: ([, day], { before }) => (/[\d.]$/.test(before) ? undefined : spokenDigits(day!)) },
  // 90后, 80、90后: people born then.
  { name: 'generation', pattern: /([5-9]0|[89]5|0[05]|10)((?:、[5-9]0|、[89]5|、0[05])*)(?=后(?![天来年月日期半面排续]))/y, say: ([all], { before }) => (/[\d.]$/.test(before) ? undefined : spokenDigits(all)) },
  { name: 'span of years', pattern: /((?:19|20)\d\d)\s*[-–—~至到]\s*((?:19|20)\d\d)(?=\s*(?:学年|年度|赛季|财年|$|[，。；、！？）)]))/y, say: ([, from, to], { before }) => (/[\d.¥$€£-]$/.test(before) || Number(from) >= Number(to) ? undefined : `${spokenDigits(from!)}到${spokenDigits(to!)}`) },
  { name: 'quarter', pattern: /Q([1-4])(季度)?(?![A-Za-z0-9])/y, say: ([, quarter, word], { before }) => (word || /年(?:度)?\s*$/.test(before) ? `第${spokenInteger(quarter!)}季度` : undefined) },
  { name: 'bus line', pattern: /(\d{3,4})(?=路(?:公交|车|汽车|巴士|站|到|坐|$|[，。；、！？]))/y, say: ([, line], { before }) => (/[\d.A-Za-z]$/.test(before) ? undefined : digits(line!)) },
  { name: 'national road', pattern: /(\d{3})(?=国道|省道|县道)/y, say: ([, road], { before }) => (/[\d.]$/.test(before) ? undefined : digits(road!)) },
  { name: 'aircraft', pattern: /(\d{3})(?!\d|[元个人万块])/y, say: ([, model], { before }) => (/(?:波音|空客|Boeing|Airbus)\s*$/i.test(before) ? digits(model!) : undefined) },
  { name: 'mask', pattern: /N95(?![\d.])/y, say: () => 'N九五' },
  { name: 'disease and weapon', pattern: /(COVID|HPV|SARS|[A-Z])-(\d{1,3})(?![\d.-])/y, say: ([, letters, number], { before }) => (/[A-Za-z0-9-]$/.test(before) || /(?:编号|货架|柜|工位|仓位|库位|位|区)[:：是为]?$/.test(before) ? undefined : letters! + spokenInteger(number!)) },
  { name: 'one against one', pattern: /(\d)\s*[vV][sS]?\.?\s*(\d)(?![\d.A-Za-z])/y, say: ([, a, b], { before }) => (/[\d.A-Za-z]$/.test(before) ? undefined : `${spokenInteger(a!)}对${spokenInteger(b!)}`) },
  { name: 'lot of off', pattern: /([1-9])([1-9])(?=折(?!叠|线|旧|痕))/y, say: ([all], { before }) => (/[\d.]$/.test(before) ? undefined : spokenDigits(all)) },
  { name: 'class in brackets', pattern: /[(（](\d{1,2})[)）](?=班)/y, say: ([, number]) => spokenInteger(number!) },
  { name: 'building with a hash', pattern: /(\d{1,3})#(?=楼|栋|幢|厂房|门|仓|机|线|桩|井|车间|教|宿舍|地块|会议室|\s*$)/y, say: ([, number], { before }) => (/[\d.按]$/.test(before) ? undefined : `${spokenInteger(number!)}号`) },
  { name: 'floor', pattern: /(\d{1,2})F(?![A-Za-z0-9])/y, say: ([, floor], { before }) => (/[\d.A-Za-z]$|[车厢座排]\s*$/.test(before) ? undefined : `${spokenInteger(floor!)}楼`) },
  {
    name: 'door with its entrance',
    pattern: /([A-Z]?\d{1,2})-(\d{3,4})(?![\d.%-]|\s*(?:元|个|人|万|次|件|天|年|米|平))/y,
    say: ([, entrance, door], { before, after }) => {
      if (/[\dA-Za-z.-]$/.test(before)) return undefined
      return /[A-Z]/.test(entrance!) || /(?:栋|幢|号楼|楼|座|苑|园|期|区|里|村|城|庭|府|院|弄|小区|公寓)\s*$/.test(before) || /^\s*[室房]/.test(after) ? `${digits(entrance!)}，${digits(door!)}` : undefined
    },
  },
  { name: 'blood pressure', pattern: /(\d{2,3})\/(\d{2,3})(\s*mmHg)?(?!\d)/y, say: ([, high, low, unit], { before }) => (unit || /血压[值为是约:：在]?\s*$/.test(before) ? `高压${spokenInteger(high!)}，低压${spokenInteger(low!)}` : undefined) },
  { name: 'speed after its word', pattern: /(\d{1,3}(?:\.\d+)?)\s*km\/h/y, say: ([, speed], { before }) => (/(?:时速|车速|速度)[为是约达到]*\s*$/.test(before) ? `${spokenInteger(speed!.split('.')[0]!)}${speed!.includes('.') ? `点${spokenDigits(speed!.split('.')[1]!)}` : ''}公里` : undefined) },
  // 10w: the Latin letter of 万. 100W alone may be the power of a lamp.
  { name: 'ten thousands by a letter', pattern: /(\d+(?:\.\d+)?)[wW](\+)?(?![A-Za-z0-9])/y, say: ([, number, more], { before, after }) => (/[\d.A-Za-z]$/.test(before) || !(more || /^\s*(?:人|元|块|粉|播放|用户|阅读|次|台|辆|年薪|多|左右|以上)/.test(after)) ? undefined : `${spokenWhole(number!)}万${more ? '多' : ''}`) },
  { name: 'more than', pattern: /(\d+(?:,\d{3})*)\+(?!\s*[\d.A-Za-z])/y, say: ([, number], { before }) => (/[\d.A-Za-z]$/.test(before) ? undefined : `${spokenInteger(number!.replaceAll(',', ''))}${/[1-9]$/.test(number!) ? '以上' : '多'}`) },
  { name: 'more than so many percent', pattern: /\+(?!\s*[\d.])/y, say: (_, { before }) => (before.endsWith('%') ? '以上' : undefined) },
  { name: 'square or cubic unit alone', pattern: /([ckd]?m)([²³])/y, say: ([, unit, power]) => `${power === '²' ? '平方' : '立方'}${{ m: '米', cm: '厘米', km: '公里', dm: '分米' }[unit!]}` },
  { name: 'ordinal in English', pattern: /(\d{1,3})(?:st|nd|rd|th)(?![A-Za-z])/y, say: ([, number]) => `第${spokenInteger(number!)}` },
  { name: 'page', pattern: /[pP]\.\s?(\d{1,4})(?!\d)/y, say: ([, page], { before }) => (/[A-Za-z]$/.test(before) ? undefined : `第${spokenInteger(page!)}页`) },
  { name: 'title', pattern: /(Mrs|Mr|Ms|Dr|Prof)\.\s*/y, say: ([, title], { before }) => (/[A-Za-z]$/.test(before) ? undefined : `${title} `) },
  { name: 'for example', pattern: /(?:e\.g\.|eg\.)\s*/y, say: (_, { before }) => (/[A-Za-z]$/.test(before) ? undefined : '例如') },
  { name: 'and so on', pattern: /\s*etc\.?(?![A-Za-z])/y, say: (_, { before }) => (/[A-Za-z]$/.test(before) ? undefined : '等等') },
  { name: 'ratio', pattern: /(\d{1,6}):(\d{3,6})(?![\d:.])/y, say: ([, a, b], { before }) => (/[\d:.]$/.test(before) ? undefined : `${spokenInteger(a!)}比${spokenInteger(b!)}`) },
  { name: 'address of a machine', pattern: /((?:\d{1,3}\.){3}\d{1,3})(?![\d.])/y, say: ([, address], { before }) => (/[\d.]$/.test(before) || !isAddress(address!) ? undefined : digits(address!).replaceAll('.', '点')) },
  { name: 'amount per something', pattern: /(\d+(?:\.\d+)?)(公斤|千克|kg|克|mg|ml|毫升|片|粒|颗|袋|支|滴|勺|辆|页|次)\/(天|日|次|周|月|年|人|小时|h|d|kg|公斤)(?![A-Za-z])/y, say: ([, number, unit, per]) => `每${PER[per!] ?? per}${number === '2' ? '两' : spokenWhole(number!)}${{ kg: '公斤', mg: '毫克', ml: '毫升' }[unit!] ?? unit}` },
]

function spokenWhole(number: string): string {
  const [whole = '', rest] = number.split('.')
  return spokenInteger(whole) + (rest === undefined ? '' : `点${spokenDigits(rest)}`)
}

/** Versions have small numbers; addresses have one of three digits somewhere. */
function isAddress(text: string): boolean {
  const parts = text.split('.').map(Number)
  return parts.every((part) => part <= 255) && parts.some((part) => part >= 100)
}
