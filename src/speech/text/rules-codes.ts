// Knows what is read digit by digit: phones, codes, rooms, plates, flights. Does not know amounts or dates.
import { spokenDigits } from './numerals.ts'
import { phraseBefore, type ReadingRule } from './rule.ts'

const digits = (text: string): string => spokenDigits(text, '幺')
const grouped = (...groups: readonly string[]): string => groups.map(digits).join('，')

/** Words after which a number is a name for something and not an amount. */
const CODE_WORD =
  /(?:验证码|校验码|取件码|取货码|提货码|取票码|提取码|兑换码|邀请码|券码|动态码|口令|密码|编号|编码|代码|单号|订单号?|流水号|序列号|学号|工号|卡号|账号|帐号|户号|房号|车号|桌号|证号|证件号|身份证号?|护照号?|邮编|邮政编码|号码|手机号?|电话|传真|热线|客服|座机|分机号?|QQ号?|qq号?|微信号?|尾号|末[三四六]位|后[三四六]位|前[三四六]位|短号|会议号|会议ID|房间号|取餐号|货架号|柜号|报名号|准考证号?)(?:码|是|为|：|:|=|\s|（|\(|后[三四六]位|末[三四六]位|尾号)*$/
const DIAL_WORD = /(?:拨打|拨|致电|打|电话|热线|客服|联系|来电|咨询|按|呼叫|号码)[:：是为]?\s*$/
/** Service numbers that everybody knows by their digits. */
const SERVICE_NUMBER = /^(?:95\d{3}|96\d{3,4}|100(?:86|10|00|99)|123(?:06|15|45|28|18|33|66|48|20)|12\d{3}|116\d{3}|11[0479]|12[0-2]|111(?:8|85))$/

/** 11 digits as 3-4-4, 12 as 4-4-4, 10 as 3-3-4, 8 as 4-4, 7 as 3-4, 6 as 3-3; longer ones in fours, shorter ones whole. */
function chunks(number: string): string[] {
  const sizes: Readonly<Record<number, readonly number[]>> = { 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3], 10: [3, 3, 4], 11: [3, 4, 4] }
  const plan = sizes[number.length]
  const groups: string[] = []
  for (let at = 0, i = 0; at < number.length; i += 1) {
    const size = plan ? plan[i]! : number.length <= 5 ? 5 : 4
    groups.push(number.slice(at, at + size))
    at += size
  }
  return groups
}

function spokenExtension(extension: string | undefined): string {
  return extension === undefined ? '' : `，转${digits(extension)}`
}

const EXTENSION = String.raw`(?:\s*(?:转|ext\.?|#|,|，转|-)\s*(\d{1,6}))?(?!\d|\.\d|\s*[元个%万亿])`

export const codeRules: readonly ReadingRule[] = [
  {
    name: 'identity card',
    pattern: /(\d{6}) ?(\d{8}) ?(\d{3}[\dXx])(?![\dA-Za-z])/y,
    say: ([, area, birth, serial], { before }) => (/[\dA-Za-z]$/.test(before) ? undefined : grouped(area!, birth!, serial!.toUpperCase())),
  },
  {
    // 170… 转 1234: the private numbers of delivery and ride services.
    name: 'mobile',
    pattern: /(?:(?:\+|00)?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?:\s?(?:，?转|-)\s?(\d{1,6}))?(?!\d|\.\d|\s*[元个%万亿])/y,
    say: ([, a, b, c, extension], { before }) => (/[\d.]$/.test(before) ? undefined : grouped(a!, b!, c!) + spokenExtension(extension)),
  },
  {
    name: 'fixed line from abroad',
    pattern: /(?:\+|00)86[- ]?\(?0?(10|2\d|[3-9]\d{2})\)?[- ]?(\d{3,4})[- ]?(\d{4})(?!\d)/y,
    say: ([, area, a, b], { before }) => (/[\d.]$/.test(before) ? undefined : grouped(`0${area}`, a!, b!)),
  },
  {
    name: 'number in another country',
    pattern: /\+([1-9]\d{0,2})((?:[- ]\d{2,5}){2,4})(?!\d)/y,
    say: ([, country, groups], { before }) => (/[\d.]$/.test(before) ? undefined : `加${digits(country!)}，${grouped(...groups!.slice(1).split(/[- ]/))}`),
  },
  {
    name: 'card in groups',
    pattern: /\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,4})?(?!\d)/y,
    say: ([all], { before }) => (/[\d.]$/.test(before) ? undefined : grouped(...all.split(/[ -]/))),
  },
  {
    name: 'code in groups',
    pattern: /\d{2,4}(?: \d{2,4}){1,4}(?!\d|\s*[元个人%万亿])/y,
    say: ([all], { before }) => (CODE_WORD.test(before.slice(-16)) ? grouped(...all.split(' ')) : undefined),
  },
  { name: 'masked mobile', pattern: /(1[3-9]\d)[*xX]{4}(\d{4})(?!\d)/y, say: ([, head, tail]) => `${digits(head!)}，尾号${digits(tail!)}` },
  {
    name: 'fixed line',
    pattern: new RegExp(String.raw`[（(]?(0(?:10|2\d|[3-9]\d{2}))(?:[)）]\s*|[- ])(\d{3,4})[- ]?(\d{4})${EXTENSION}`, 'y'),
    say: ([, area, a, b, extension]) => grouped(area!, a!, b!) + spokenExtension(extension),
  },
  {
    name: 'fixed line in one',
    pattern: new RegExp(String.raw`(0(?:10|2\d)|0[3-9]\d{2})(\d{3,4})(\d{4})${EXTENSION}`, 'y'),
    say: ([, area, a, b, extension], { before }) => (/\d$/.test(before) ? undefined : grouped(area!, a!, b!) + spokenExtension(extension)),
  },
  {
    name: '400',
    pattern: new RegExp(String.raw`([48]00)[- ]?(?:(\d{3})[- ]?(\d{4})|(\d{4})-(\d{3}))${EXTENSION}`, 'y'),
    say: ([, head, a, b, c, d, extension], { before }) => (/[\d.]$/.test(before) ? undefined : grouped(head!, (a ?? c)!, (b ?? d)!) + spokenExtension(extension)),
  },
  {
    name: 'local number with extension',
    pattern: /(\d{3,4})-?(\d{4})(?:转|-转)(\d{1,6})(?!\d)/y,
    say: ([, a, b, extension]) => grouped(a!, b!) + spokenExtension(extension),
  },
  { name: 'extension', pattern: /(转|分机号?)[:：]?\s*(\d{2,6})(?![\d.元%])/y, say: ([, word, extension]) => `${word}${digits(extension!)}` },
  {
    name: 'service number',
    pattern: /(\d{3,6})(?![\d.,%]*\d)(?!\s*(?:[元个人万亿次件天年米平斤倍块名位分%]|公|千))/y,
    say: ([, number], { before, after }) => {
      if (!SERVICE_NUMBER.test(number!) || /[\d.A-Za-z-]$/.test(before)) return undefined
      const named = number!.length >= 5 && number !== '10000' && !/^\s*(?:[a-zA-Z℃°]|多|余)/.test(after)
      return named || DIAL_WORD.test(phraseBefore(before)) || /^\s*(?:热线|客服|电话|平台|服务|报警|急救)/.test(after) ? digits(number!) : undefined
    },
  },
  {
    name: 'code with dashes',
    pattern: /([A-Za-z]{1,3}|\d{1,4})((?:-[A-Za-z0-9]{1,8}){2,})(?![A-Za-z0-9])/y,
    say: ([, head, rest], { before }) => {
      if (/[A-Za-z0-9]$/.test(before) || !/\d/.test(rest!)) return undefined
      return [head!, ...rest!.slice(1).split('-')].map((group) => mixed(group)).join('，')
    },
  },
  {
    name: 'code after a code word',
    pattern: /[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![A-Za-z])/y,
    say: ([code], { before }) => {
      if (!/\d/.test(code) || !CODE_WORD.test(before.slice(-16)) || /^\d{1}$/.test(code)) return undefined
      return code
        .split('-')
        .flatMap((group) => (/^\d+$/.test(group) ? chunks(group).map(digits) : [mixed(group)]))
        .join('，')
    },
  },
  {
    name: 'plate',
    pattern: /([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领])([A-Z])[·\- ]?([A-Z0-9]{4,6}[警学挂港澳]?)(?![A-Za-z0-9])/y,
    say: ([, province, letter, rest]) => (/\d/.test(rest!) ? `${province}${letter}，${mixed(rest!)}` : undefined),
  },
  {
    name: 'flight',
    pattern: /((?:CA|MU|CZ|HU|MF|ZH|3U|SC|FM|HO|9C|KN|GS|JD|EU|PN|G5|8L|TV|QW|AQ|BK|DR|GJ|KY|NS|UQ|CX|BR|CI|NH|JL|KE|OZ|SQ|TG|LH|AF|BA|UA|AA|DL|EK|QR)) ?(\d{3,4})(?![\dA-Za-z])/y,
    say: ([, airline, number], { before }) => (/[A-Za-z0-9]$/.test(before) ? undefined : `${digits(airline!)}${digits(number!)}`),
  },
  {
    name: 'train',
    pattern: /([GDCZTKSYL])(\d{1,4})(?=次|列车|号列车|高铁|动车)/y,
    say: ([, kind, number]) => `${kind}${digits(number!)}`,
  },
  {
    name: 'room',
    pattern: /(\d{3,5})(?=号?(?:室|房间|房(?![贷价产款东])|包间|包厢|教室|会议室|办公室|病房|床|机柜|柜机|储物柜|铺位))/y,
    say: ([, number], { before }) => (/[\d.]$/.test(before) ? undefined : digits(number!)),
  },
  {
    name: 'door after building',
    pattern: /(\d{3,4})(?![\d.,%]|\s*(?:[元个人万亿次件天年米平斤倍块名位]))/y,
    say: ([, number], { before }) => (/(?:[A-Za-z]座|栋|幢|单元|号楼|座|号院|[A-Za-z]区|号门|号附|楼栋|层)\s*-?\s*$/.test(before) ? digits(number!) : undefined),
  },
  {
    name: 'letters then digits',
    pattern: /([A-Za-z]+)[-]?(\d+)(?![\d.%])/y,
    say: ([, letters, number], { before }) => {
      if (/[A-Za-z]$/.test(before)) return undefined
      return number!.length >= 3 || number!.startsWith('0') ? letters! + digits(number!) : undefined
    },
  },
  {
    name: 'digits then letter',
    pattern: /(\d{3,4})([A-Z])(?![A-Za-z0-9])/y,
    say: ([, number, letter], { before, after }) => (/[\d.]$/.test(before) || /^\s*(?:流量|内存|硬盘|网速|宽带)/.test(after) || /[GMKTVWL]/.test(letter!) ? undefined : digits(number!) + letter),
  },
  { name: 'leading zero', pattern: /(0\d+)(?![\d.:])/y, say: ([, number], { before }) => (/[\d.]$/.test(before) ? undefined : chunks(number!).map(digits).join('，')) },
  {
    name: 'long number',
    pattern: /(\d{7,})(?![\d.,]*\d)(?!\s*(?:[元个人万亿次件天年米平斤倍块名位份台套条字股票户%]|公|美|欧))/y,
    say: ([, number], { before }) => (/[\d.,¥$€£+-]$/.test(before) || number!.endsWith('0000') ? undefined : chunks(number!).map(digits).join('，')),
  },
]

/** Letters kept, digits one by one. */
function mixed(group: string): string {
  return digits(group.toUpperCase())
}
