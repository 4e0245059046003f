// Knows whether a callee says a fact back rightly: its time, day, place, amount or number. Pure. Does not know when to correct.
import { answerFor } from './answers.ts'
import { digitsForm, minuteOf } from './china-time.ts'
import { type DateMention, findDates } from './dates.ts'
import { withoutDates } from './fact-coverage.ts'
import { type Requirement, speak } from './requirement.ts'
import { normalise, utteranceCharsMax } from './spoken-forms.ts'

/** `asks`: an answer is wanted even when it is right. `words`: what is true, sentences without a final stop. */
export type ReadBack = { right: boolean; asks: boolean; words: string[] }

/** 十点吗, 十点对吧. A wish is none: 十点行吗, 改到十点吧. */
const asking = /(?:吗|吧|是不是|对不对|没错吧)[?？]?$|^(?:是不是|不是)|[?？]$/u
const wishing = /行吗|行不行|可以|能不能|可不可以|好吗|好不好|方便|来得及|再打|改|换|提前|推迟|以后|多久/u
/** What may stand around a value that is only repeated: 好的，明天十点，我记下了. */
const around = /^(?:嗯|哦|噢|啊|好|的|行|那|就|是|对|在|吧|呀|哈|啦|了|我|知道|记住|记下|记|收到|明白|清楚|到|来|去|开始|开会|准时|之?前|以前|见|谢谢|没问题|没错)*$/u

/** What the callee says back of the facts; undefined when nothing is said back, or the facts hold nothing of the kind. */
export function readBack(utterance: string, requirement: Requirement, now: Date): ReadBack | undefined {
  const text = utterance.slice(0, utteranceCharsMax)
  // 26号吗 is a day, unless the facts number a room.
  const said = requirement.facts.some((fact) => numbersIn(withoutDates(fact)).some(({ unit }) => unit === '号')) ? text : text.replace(/号(?=[吗吧嘛呀啊对是])/gu, '号，')
  const dates = findDates(said, now).filter(({ precision }) => precision === 'minute' || precision === 'day')
  const rest = withoutDates({ text: said, dates })
  const numbers = numbersIn(rest)
  const asks = asking.test(text.trim().replace(/[。，,.!！\s]+$/u, '')) && !wishing.test(text)
  if (!asks && !around.test(normalise(digitsForm(joined(rest)).replace(numberPattern, ' ')))) return undefined
  const checks = [...dates.map((date) => checkDate(date, requirement, now)), ...numbers.map((number) => checkNumber(number, requirement, now))].filter((check) => check !== undefined)
  const wrong = checks.filter(({ right }) => !right)
  const words = [...new Set((wrong.length > 0 ? wrong : checks).flatMap((check) => check.words))]
  return words.length === 0 ? undefined : { right: wrong.length === 0, asks, words }
}

type Check = Omit<ReadBack, 'asks'>

function checkDate(said: DateMention, requirement: Requirement, now: Date): Check | undefined {
  const known = [...requirement.facts, ...requirement.questions].flatMap(({ dates }) => dates)
  const clocks = known.filter(({ precision }) => precision === 'minute')
  const days = known.filter((date) => date.precision === 'minute' || date.precision === 'day')
  const sayClock = said.precision === 'minute' && clocks.length > 0
  const sayDay = said.dayIsWritten && days.length > 0
  if (!sayClock && !sayDay) return undefined
  const right = (!sayClock || clocks.some((date) => sameClock(said, date))) && (!sayDay || days.some((date) => said.firstDay >= date.firstDay && said.firstDay <= date.lastDay))
  const words = answerFor([sayClock ? 'clock' : 'time'], requirement, now)
  return words && { right, words }
}

/** Without 上午 or 下午, 九点 is right for both. */
function sameClock(said: DateMention, date: DateMention): boolean {
  const face = /[早晨上中午下晚夜]/u.test(said.clock) ? 1_440 : 720
  return [date.from, date.until].some((moment) => minuteOf(said.from) % face === minuteOf(moment) % face)
}

/** A number and what it counts; '' for a long one that counts nothing: a code, a telephone number. */
type NumberSaid = { digits: string; unit: string }

const longDigitsMin = 4
const numberPattern = /(\d+)(会议室|教室|单元|元|块|圆|楼|层|号|室|栋|厅|门|座|桌)?/gu
const oneUnit: Readonly<Record<string, string>> = { 层: '楼', 块: '元', 圆: '元' }

/** 5-1-0327 and 138 0013 8000 are one number. */
function joined(text: string): string {
  return text.replace(/(?<=[\d零〇一幺二两三四五六七八九])[-\s，、]+(?=[\d零〇一幺二两三四五六七八九])/gu, '')
}

function numbersIn(text: string): NumberSaid[] {
  // 一千二百八 is 1280 to some and 1208 to others.
  if (/[百千万][一二三四五六七八九](?![十百千万亿])/u.test(text)) return []
  return [...digitsForm(joined(text)).matchAll(numberPattern)].map(([, digits, unit = '']) => ({ digits: digits!, unit: oneUnit[unit] ?? unit })).filter(({ digits, unit }) => unit !== '' || digits.length >= longDigitsMin)
}

function checkNumber(said: NumberSaid, requirement: Requirement, now: Date): Check | undefined {
  const holding = requirement.facts.flatMap((fact) => numbersIn(withoutDates(fact)).filter(({ unit }) => unit === said.unit).map(({ digits }) => ({ fact, digits })))
  if (holding.length === 0) return undefined
  const same = holding.filter(({ digits }) => (said.unit === '' ? digits.includes(said.digits) : digits === said.digits))
  const likely = same.length > 0 ? same : holding.filter(({ digits }) => digits.length === said.digits.length)
  const { fact } = (likely.length > 0 ? likely : holding)[0]!
  const place = fact.topics.includes('place') && said.unit !== '元' ? answerFor(['place'], requirement, now) : undefined
  return { right: same.length > 0, words: place?.length === 1 ? place : [speak(fact, now)] }
}
