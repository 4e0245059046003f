// Knows how recognised speech is written: spoken numerals become digits where a person would write digits. Pure. Does not know recognisers.
import { cardinalValue, digitValue, spokenDigitClass, writtenDigits } from './numerals.ts'
import { inPieces, phraseBefore, type ReadingRule } from './rule.ts'

/** Words that look like numbers and are not, or that everybody writes in characters. Longest first within the same beginning. */
const untouched: readonly string[] = [
  '张三', '李四', '王五', '赵六', '孙七', '周八', '吴九', '郑十', '王二', '王一', '李一', '三亚', '三明', '三门峡', '三峡', '四川', '五台山', '六安', '七台河', '九江', '九寨沟', '十堰', '百色', '千岛湖', '万州', '万达', '万科', '三星', '三里屯', '五道口', '六里桥', '八里庄', '五角场', '一汽', '三一重工', '七天连锁', '三元桥', '三元里', '四惠', '五棵松', '六里屯', '七里河', '八宝山', '八角', '九华山', '十里河', '百度', '千禧', '万象城', '万豪', '一嗨',
  '万一', '一万个放心', '一百个放心', '千万', '万分', '十足', '十字', '十全十美', '一五一十', '九九八十一', '三十而立', '四十不惑', '五十步', '三十六计', '七十二变', '百分百', '八九不离十', '十有八九', '十之八九', '九牛一毛', '千方百计', '一百八十度', '二百五', '三百六十行', '百事', '十万火急', '十里八乡', '百年好合', '千里之外', '百步', '万不得已', '万里长城', '千言万语', '一百二十个愿意', '三七二十一', '不管三七二十一',
  '双十一', '双十二', '十一国庆', '九一八事变', '五四青年', '七七事变', '十一放假', '十一假期', '十一长假', '十一黄金周', '十一期间', '国庆十一', '五一', '六一', '七一', '八一', '三八', '六一八', '一一对应', '三五一十五',
  '一下', '一点儿', '一点点', '一些', '一会儿', '一起', '一样', '一直', '一定', '一般', '一共', '一切', '一块儿', '一边', '一面', '一时', '一日三餐', '一月一次', '唯一', '统一', '单一', '其一', '同一', '不一',
]
const untouchedByHead = new Map<string, string[]>()
for (const word of [...untouched].sort((a, b) => b.length - a.length)) untouchedByHead.set(word[0]!, [...(untouchedByHead.get(word[0]!) ?? []), word])

const D = `[${spokenDigitClass}]`
/** One to nine, as a count. */
const ONE = '[一二两三四五六七八九]'
const CARDINAL = '(?:[一二两三四五六七八九十][零〇一二两三四五六七八九十百千万亿]*)'
const NUMERAL = `(?:零|${CARDINAL})`
/** A time of day must have been announced for 一点 to be an hour: 便宜一点 is none. */
const TIME_BEFORE = /(?:上午|下午|中午|凌晨|早上|晚上|夜里|傍晚|半夜|今天|明天|后天|今晚|明晚|今早|明早|[日号天]|星期.|周.|礼拜.|到|至|从|在|约|改成|改到)$/
/** What is counted in points: 两点建议. */
const POINTS_AFTER = /^(?:问题|建议|要求|意见|原因|理由|内容|事|希望|说明|补充|想法|看法|需要|注意|共识|优势|好处|区别|不同|体会|疑问|诉求|水|钱)/
/** Counted in digits even below ten. */
const UNIT_AFTER_ONE = '(?:元(?!旦|宵|素)|块钱|美元|欧元|楼(?!上|下)|号楼|号(?!召)|栋|幢|单元|室|公里|千米|公斤|千克|斤|平米|平方米?|小时|分钟|秒钟|毛(?!病|不|巾|线|衣|笔|发|茸|孔)|层(?!次|面|出|楼)|岁|月份?(?!饼|台)|米(?!饭)|厘米|毫米|吨|升(?!级|职)|摄氏度|万(?!一))'

/** Digits of a numeral, or undefined when it is not one number. */
function written(numeral: string): string | undefined {
  if (numeral.length === 1 && numeral !== '十') {
    const digit = digitValue(numeral)
    return digit < 0 ? undefined : String(digit)
  }
  const value = cardinalValue(numeral)
  return value === undefined ? undefined : String(value)
}

/** 点一四 → ".14" */
function decimals(digits: string | undefined): string {
  return digits === undefined ? '' : `.${writtenDigits(digits)}`
}

function smallNumber(numeral: string, max: number): string | undefined {
  const digits = written(numeral)
  return digits !== undefined && Number(digits) <= max ? digits : undefined
}

/** A number that may be a phone: groups joined, with the dashes that belong to fixed lines. */
function writtenPhone(digits: string): string {
  if (/^[48]00\d{7}$/.test(digits)) return digits.replace(/^(\d{3})(\d{3})(\d{4})$/, '$1-$2-$3')
  const area = /^(010|02\d|0[3-9]\d\d)(\d{7,8})$/.exec(digits)
  return area ? `${area[1]}-${area[2]}` : digits
}

const ENDS_IN_DIGIT = new RegExp(`${D}$`)
const ENDS_IN_NUMERAL = new RegExp(`(?:${D}|[十百千万亿])$`)
const PLAIN = { before: /[几数上成好多]$/, after: /^[几来]/ }

const ADDRESS_CHAR = new RegExp(`[A-Za-z0-9]$|${D}$`)
const PLATE_AFTER = new RegExp(`^[A-Z]{0,2}${D}{3}`)
const DOMAIN_AFTER = /^(?:com|cn|net|org|gov|edu|io|top|vip|cc)(?![a-z])/i

const rules: readonly ReadingRule[] = [
  { name: 'pause in a plate', pattern: /[，,、 ]/y, say: (_, { before, after }) => (/[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-Z]$/.test(before) && PLATE_AFTER.test(after) ? '' : undefined) },
  { name: 'at of an address', pattern: /艾特/y, say: (_, { before, after }) => (ADDRESS_CHAR.test(before) && /^[A-Za-z0-9零一二三四五六七八九幺]/.test(after) ? '@' : undefined) },
  { name: 'dot of an address', pattern: /点/y, say: (_, { before, after }) => ((/[A-Za-z]$/.test(before) && /^[A-Za-z0-9]/.test(after)) || (/\d$/.test(before) && /^[A-Za-z]/.test(after)) ? '.' : undefined) },
  {
    name: 'digits in an address',
    pattern: new RegExp(`(${D}+)(?:(点)(?=[A-Za-z])|(?=艾特))`, 'y'),
    say: ([, digits, dot], { after }) => (dot === undefined || DOMAIN_AFTER.test(after) ? writtenDigits(digits!) + (dot === undefined ? '' : '.') : undefined),
  },
  { name: 'digits with dashes', pattern: new RegExp(`${D}{1,8}(?:杠${D}{1,8})+(?![十百千万亿])`, 'y'), say: ([all]) => all.split('杠').map(writtenDigits).join('-') },
  {
    // 五G, 四S店, N九五: a letter makes it a name, which is written with digits.
    name: 'digits at a letter',
    pattern: new RegExp(`(${D}{1,4})(?=[A-Z](?![a-z]))`, 'y'),
    say: ([, digits], { before }) => (new RegExp(`(?:${D}|[十百千万亿第两几])$`).test(before) ? undefined : writtenDigits(digits!)),
  },
  { name: 'digits after a letter', pattern: new RegExp(`(${D}{1,4})(?![${spokenDigitClass}十百千万亿点]|[起样定直共般些会下个位条层])`, 'y'), say: ([, digits], { before }) => (/(?:^|[^A-Za-z])[A-Z]{1,3}$/.test(before) && !before.endsWith('OK') ? writtenDigits(digits!) : undefined) },
  {
    name: 'halting mobile',
    pattern: new RegExp(`${D}(?:[，,、\\s]*${D}){10}(?!${D}|[十百千万亿点])`, 'y'),
    say: ([all]) => {
      const digits = writtenDigits(all.replace(/[，,、\s]/g, ''))
      return /^1[3-9]\d{9}$/.test(digits) ? digits : undefined
    },
  },
  {
    name: 'groups of digits',
    pattern: new RegExp(`(${D}{3,8}(?:[，,、\\s-]+${D}{3,8})+)(?:[，,\\s]*转(${D}{1,6}))?(?![十百千万亿])`, 'y'),
    say: ([, groups, extension]) => writtenPhone(writtenDigits(groups!.replace(/[^\u4e00-\u9fff〇]/g, ''))) + (extension ? `转${writtenDigits(extension)}` : ''),
  },
  {
    name: 'percent',
    pattern: new RegExp(`(百|千)分之(负)?(百|${NUMERAL})(?:点(${D}+))?`, 'y'),
    say: ([, of, negative, numeral, rest]) => {
      const value = numeral === '百' ? '100' : written(numeral!)
      return value === undefined ? undefined : `${negative ? '-' : ''}${value}${decimals(rest)}${of === '百' ? '%' : '‰'}`
    },
  },
  {
    name: 'fraction',
    pattern: new RegExp(`(${CARDINAL})分之(${CARDINAL})`, 'y'),
    say: ([, under, over]) => {
      const [a, b] = [written(over!), written(under!)]
      return a === undefined || b === undefined ? undefined : `${a}/${b}`
    },
  },
  {
    name: 'yuan, jiao and fen',
    pattern: new RegExp(`(${NUMERAL})[元圆](?:(${ONE})角)?(?:零?(${ONE})分)?(?![之钟])`, 'y'),
    say: ([, numeral, jiao, fen]) => {
      const yuan = written(numeral!)
      if (yuan === undefined || (!jiao && !fen)) return undefined
      return `${yuan}.${jiao ? digitValue(jiao) : 0}${fen ? digitValue(fen) : 0}元`
    },
  },
  {
    name: 'kuai and mao',
    pattern: new RegExp(`(${NUMERAL})块(${ONE})(?![十百千万个位条])(?:(毛)(${ONE})?(?![十百千万个位条]))?`, 'y'),
    say: ([, numeral, mao, mark, fen]) => {
      const kuai = written(numeral!)
      return kuai === undefined ? undefined : `${kuai}块${digitValue(mao!)}${mark ?? ''}${fen === undefined ? '' : digitValue(fen)}`
    },
  },
  {
    // 一米七五, 三十七度五, 三斤二: the unit stands where the point would.
    name: 'unit in the middle',
    pattern: new RegExp(`(${NUMERAL})([米度斤])(${D}{1,2})(?![十百千万亿点${spokenDigitClass}]|[个位条天层次])`, 'y'),
    say: ([, numeral, unit, rest], { before }) => {
      const value = written(numeral!)
      return value === undefined || ENDS_IN_DIGIT.test(before) ? undefined : `${value}${unit}${writtenDigits(rest!)}`
    },
  },
  {
    name: 'rooms of a flat',
    pattern: new RegExp(`(${ONE})([室房])(${ONE}|零)厅(?:(${ONE})卫)?`, 'y'),
    say: ([, rooms, word, halls, baths]) => `${digitValue(rooms!)}${word}${digitValue(halls!)}厅${baths === undefined ? '' : `${digitValue(baths)}卫`}`,
  },
  {
    name: 'score',
    pattern: new RegExp(`(${NUMERAL})比(${NUMERAL})(?![较例如下点]|${D}|[十百千万亿])`, 'y'),
    say: ([, a, b], { before }) => {
      const [left, right] = [written(a!), written(b!)]
      return left === undefined || right === undefined || ENDS_IN_NUMERAL.test(before) ? undefined : `${left}比${right}`
    },
  },
  {
    name: 'hour and minutes',
    pattern: new RegExp(`(${NUMERAL})点(半|整|钟|[一三]刻|(零?${CARDINAL})分(?!之)|零${ONE}(?!${D}|[十百])|(?:${ONE}?十${ONE}?)(?![分]|${D}|[百千万]))`, 'y'),
    say: ([, hourText, rest, withMark], { before }) => {
      const hour = smallNumber(hourText!, 24)
      if (hour === undefined) return undefined
      if (/^[半整钟一三]/.test(rest!) && !withMark && /[半整钟刻]$/.test(rest!)) return `${hour}点${rest}`
      const spokenMinutes = withMark ?? rest!
      const padded = spokenMinutes.startsWith('零')
      // 三点零五 without a time of day is more often 3.05; 三点零五分 is not.
      if (padded && !withMark && !TIME_BEFORE.test(phraseBefore(before))) return undefined
      const minutes = smallNumber(spokenMinutes.replace(/^零/, ''), 59)
      return minutes === undefined ? undefined : `${hour}点${padded ? minutes.padStart(2, '0') : minutes}${withMark ? '分' : ''}`
    },
  },
  {
    name: 'decimal',
    pattern: new RegExp(`(负)?(${NUMERAL})点(${D}+)(?![十百千分刻])`, 'y'),
    say: ([, negative, numeral, rest]) => {
      const whole = written(numeral!)
      return whole === undefined ? undefined : `${negative ? '-' : ''}${whole}${decimals(rest)}`
    },
  },
  {
    name: 'hour',
    pattern: new RegExp(`(${NUMERAL})点(?!儿|点|头|心|击|名|评|赞|菜|餐|滴)`, 'y'),
    say: ([, numeral], { before, after }) => {
      const hour = smallNumber(numeral!, 24)
      if (hour === undefined || /[有差晚早快慢多少大小高低这那第几]$/.test(before) || POINTS_AFTER.test(after)) return undefined
      // 一点 is more often a little: it takes a time of day before it, or a word that can only follow an hour.
      return (numeral === '一' || numeral === '零') && !TIME_BEFORE.test(phraseBefore(before)) && !/^(?:见|整)/.test(after) ? undefined : `${hour}点`
    },
  },
  // The lunar calendar is written in characters: 八月十五, 腊月二十三.
  { name: 'lunar day', pattern: new RegExp(`(?:${CARDINAL}月)?${CARDINAL}[日号]?`, 'y'), say: ([all], { before }) => (/(?:农历|阴历|旧历|腊月|正月|冬月|大年|除夕)$/.test(before) ? all : undefined) },
  {
    name: 'month and day',
    pattern: new RegExp(`(${CARDINAL})月(${CARDINAL})([日号])?`, 'y'),
    say: ([, monthText, dayText, mark]) => {
      const [month, day] = [smallNumber(monthText!, 12), smallNumber(dayText!, 31)]
      return month === undefined || day === undefined ? undefined : `${month}月${day}${mark ?? '日'}`
    },
  },
  {
    name: 'year',
    pattern: new RegExp(`(${D}{4}|${D}{2}(?=年[${spokenDigitClass}十]{1,3}月))年`, 'y'),
    say: ([, digits]) => `${writtenDigits(digits!)}年`,
  },
  {
    // 九八年, 零八年, but not 七八年 or 三五年, which are about so many.
    name: 'short year',
    pattern: new RegExp(`(${D}${D})(?=年(?!级|前|后|来|多|时间|内|的时间|了|半|以))`, 'y'),
    say: ([, digits], { before }) => {
      const [a, b] = Array.from(digits!, digitValue) as [number, number]
      const rough = a > 0 && b > a && b - a <= 2
      return rough || ENDS_IN_NUMERAL.test(before) ? undefined : writtenDigits(digits!)
    },
  },
  { name: 'generation', pattern: /([五六七八九零一二][零五])(?=后(?![天来年月日期半面])|年代)/y, say: ([, digits], { before }) => (ENDS_IN_NUMERAL.test(before) ? undefined : writtenDigits(digits!)) },
  {
    name: 'ordinal',
    pattern: new RegExp(`第(${CARDINAL})`, 'y'),
    say: ([, numeral]) => {
      const value = written(numeral!)
      // 第一次, 第三 stay: nobody writes 第1次 for a callee's words.
      return value === undefined || Number(value) < 10 ? `第${numeral}` : `第${value}`
    },
  },
  {
    name: 'digits one by one',
    // 五一一起去: the last 一 may belong to the next word.
    pattern: new RegExp(`(${D}{3,})(?![十百千万亿点])(?!(?<=一)[起样定直共般些会])`, 'y'),
    say: ([, digits]) => writtenPhone(writtenDigits(digits!)),
  },
  { name: 'two digits of a code', pattern: new RegExp(`(${D}{2})(?![十百千万亿点])`, 'y'), say: ([, digits], { before }) => (digits!.includes('幺') || (digits!.startsWith('零') && !/[\u4e00-\u9fff]$/.test(before)) ? writtenDigits(digits!) : undefined) },
  {
    name: 'whole number',
    pattern: new RegExp(`(负)?(${CARDINAL})(?!${D}|[十百千万亿分]之)`, 'y'),
    say: ([, negative, numeral], { before, after }) => {
      if (numeral!.length === 1 && numeral !== '十') return undefined
      if (PLAIN.before.test(before) || PLAIN.after.test(after)) return (negative ?? '') + numeral
      if (numeral === '十') {
        const counted = /^(?:个|元|块|号|楼|层|岁|月|日|年|天|分钟|秒|小时|人|位|名|次|公里|公斤|斤|米|度|件|份|张|台|套|家|本|点|栋|单元|室|平|多|余)/.test(after)
        if (!counted && !(before === '' && after === '')) return undefined
      }
      const value = written(numeral!)
      // 三四十, 十五六: about so many. Left as they are, all of them.
      return value === undefined ? (negative ?? '') + numeral : (negative ? '-' : '') + value
    },
  },
  { name: 'temperature', pattern: new RegExp(`(零[上下])(${NUMERAL})(?=度|摄氏度|到)`, 'y'), say: ([, sign, numeral]) => (written(numeral!) === undefined ? undefined : sign! + written(numeral!)) },
  { name: 'negative digit', pattern: new RegExp(`负(${ONE})(?!楼|层|责|担|${D}|[十百千万亿])`, 'y'), say: ([, digit]) => `-${digitValue(digit!)}` },
  {
    name: 'one digit before a unit',
    pattern: new RegExp(`(${ONE})(?=${UNIT_AFTER_ONE})`, 'y'),
    say: ([, digit], { before }) => (new RegExp(`(?:${D}|[第十百千万两几每点某哪这那])$`).test(before) ? undefined : String(digitValue(digit!))),
  },
]

const MAY_BEGIN = new RegExp(`[${spokenDigitClass}两十百千第负艾点，,、 ]`)
const WEEKDAY = /(?:星期|礼拜|周)[一二三四五六日天]/y

/**
 * Recognised text → text as one would write it: 幺三八… → digits, 下午三点半 → 下午3点半, 百分之五 → 5%, 两百三十元 → 230元.
 * Single digits stay characters unless a unit follows; names, idioms and rough counts (三四个) stay as they are.
 */
export function toWritten(spoken: string): string {
  return inPieces(spoken).map(writtenPiece).join('')
}

function writtenPiece(spoken: string): string {
  if (spoken.length === 1 && spoken !== '两') return written(spoken) ?? spoken
  let text = ''
  let at = 0
  reading: while (at < spoken.length) {
    const char = spoken[at]!
    WEEKDAY.lastIndex = at
    const kept = WEEKDAY.exec(spoken)?.[0] ?? untouchedByHead.get(char)?.find((word) => spoken.startsWith(word, at) && !startsLargerNumber(spoken, at, word))
    if (kept !== undefined) {
      text += kept
      at += kept.length
      continue
    }
    if (MAY_BEGIN.test(char)) {
      const before = spoken.slice(Math.max(0, at - 24), at)
      for (const rule of rules) {
        rule.pattern.lastIndex = at
        const match = rule.pattern.exec(spoken)
        if (!match) continue
        const end = at + match[0].length
        const result = rule.say(match, { before, after: spoken.slice(end, end + 24) })
        if (result === undefined) continue
        text += result
        at = end
        continue reading
      }
    }
    text += char
    at += 1
  }
  return text
}

const ONLY_NUMERALS = new RegExp(`^[${spokenDigitClass}两十百千万亿]+$`)

/** 五一 is a holiday, 五一二零 is not. */
function startsLargerNumber(spoken: string, at: number, word: string): boolean {
  if (!ONLY_NUMERALS.test(word)) return false
  const neighbours = (spoken[at - 1] ?? '') + (spoken[at + word.length] ?? '')
  return neighbours !== '' && Array.from(neighbours).some((char) => ONLY_NUMERALS.test(char))
}
