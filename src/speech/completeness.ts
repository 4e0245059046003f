// Knows how finished words sound: particles, connectives, fillers, numbers that are being told, answers that were expected. Does not know audio or time.

/**
 * How finished the words sound. `expected`: one of the answers that the robot expects, or several of them.
 * `digits`: a number that is still being told. `none`: no words yet.
 */
export type Completeness = 'expected' | 'complete' | 'neutral' | 'incomplete' | 'digits' | 'none'

export type CompletenessContext = {
  /** When the robot asked for a number of known length: how many digits. */
  digitsExpected?: number | undefined
  /** What the callee may be expected to say, without marks. */
  phrases?: ReadonlySet<string> | undefined
  /** Voiced time of the words. */
  voicedMs?: number | undefined
}

/** A 嗯 that says yes has 0.15 to 0.4 s of voice; one that looks for words is drawn out. For each syllable. */
const DRAWN_OUT_MS = 420

/** A turn that is nothing but this is an answer. */
const ANSWERS = words(`
  好 行 可以 对 是 是我 我是 我就是 没错 嗯 嗯嗯 哦 哦哦 有 有的 没有 没 还没有 不是 不对 不行 不 不要 不用 不知道 不清楚 不认识 喂 你好 您好 在 我在 谁 为什么 请说 你说 你讲 请讲
  继续 知道 明白 了解 收到 随便 确定 确认 取消 同意 一个 两个 好的 可以的 是的 对的 有空 谢谢 再见 拜拜 没空 没兴趣 没问题 yes no ok okay hello bye speaking`)

/** A turn that ends so is over: questions, closings, refusals. */
const COMPLETE_ENDINGS = words(`
  吗 呢 吧 啊 嘛 啦 了 呀 哦 喔 好的 可以 可以的 没问题 不用 不要 需要 谢谢 谢谢你 再见 拜拜 是的 对的 没错 没兴趣 不感兴趣 没空 没时间 不方便 不在 不想 想想 开会 我就是 多少 多少钱 哪里
  哪儿 哪位 哪里的 干嘛的 什么 怎么办 什么时候 几点 是谁 贵姓 干什么 什么事 什么意思 你好 您好 再说 再打 就行 就好 也行 都行 一遍 一下 thanks bye hello`)

/** A turn that ends so goes on: connectives, prepositions, fillers, "my number is". */
const INCOMPLETE_ENDINGS = words(`
  然后 就是 就是说 那个 这个 因为 所以 但是 但 可是 不过 只是 如果 要是 虽然 而且 并且 或者 还有 比如 比如说 的话 那 那么 的时候 之后 以后 之前 以前 关于 至于 除了 以及 和 跟 把 被 让 给 对于 从 在 叫 姓
  想 我想 我要 我叫 我姓 我的 你的 他的 我们的 号是 码是 电话是 地址是 名字是 时间是 日期是 单位是 公司是 手机号 身份证号 身份证 记一下 记一记 听我说 我是说 是因为 应该是 可能是 可能 大概 也许 大概是 好像是 好像 一个是 首先 其次 第一 另外 等我看 我看看 我看一下
  我想一下 我查一下 我想想看 嗯 呃 额 诶 这 先 再 也 还 很 太 最 不 都 又 就 the a to and but because i my is um uh`)

/** Sounds of somebody who looks for words. 好 and 对 are not among them. */
const FILLERS = /^(?:[嗯呃额哦啊诶]|那个|这个|就是|um|uh|\s)+$/

/** How finished the words sound, by their last words; where a complete and an incomplete ending fit, the longer one decides. */
export function completenessOf(partial: string, { digitsExpected, phrases, voicedMs = 0 }: CompletenessContext = {}): Completeness {
  const text = bareWords(partial)
  if (text === '') return 'none'
  const number = numberAtEnd(text)
  if (digitsExpected !== undefined && number.digits !== '') return number.digits.length >= digitsExpected ? 'complete' : 'digits'
  if (number.digits.length >= DIGITS_MIN) return isWhole(number) ? 'complete' : 'digits'
  if (FILLERS.test(text) && voicedMs >= DRAWN_OUT_MS * text.length) return 'incomplete'
  if (phrases && isExpected(text, phrases)) return 'expected'
  if (ANSWERS.has(text)) return 'complete'
  const complete = longestEnding(text, COMPLETE_ENDINGS)
  const incomplete = longestEnding(text, INCOMPLETE_ENDINGS)
  if (complete === 0 && incomplete === 0) return 'neutral'
  return incomplete >= complete ? 'incomplete' : 'complete'
}

/** Words as phrases are compared: without marks, in small letters. */
export function bareWords(text: string): string {
  return text.replace(/[\s，。！？、；：…,.!?;:]+/gu, (marks) => (/^\s+$/.test(marks) ? ' ' : '')).trim().toLowerCase()
}

// ── Numbers ──────────────────────────────────────────────────────────────────

/** Shorter runs are amounts and times, not numbers that are being told. */
const DIGITS_MIN = 3
const SPOKEN_DIGITS = ['零〇洞', '一幺', '二两', '三', '四', '五', '六', '七拐', '八', '九']
/** Words of the same sound, as recognisers write a digit in the middle of others. */
const SOUND_ALIKE = ['令铃灵', '要腰药依医以', '而耳儿', '散', '似死思', '无武屋物', '留流刘', '其期起气', '吧把爸', '就酒久']
const VALUES = new Map([SPOKEN_DIGITS, SOUND_ALIKE].flatMap((table) => table.flatMap((chars, value) => Array.from(chars, (char) => [char, String(value)] as const))))
const DIGIT = `0-9${SPOKEN_DIGITS.join('')}`
/** 幺 sounds like 要 and 腰: before a digit, and not after 我, it is one. After four digits everything that sounds like one is. */
const DIGITS = new RegExp(`(?:[${DIGIT}]|(?<!我|你|不)[要腰](?=[${DIGIT}])|(?<=[${DIGIT}]{4}|[${DIGIT}]{4}[${SOUND_ALIKE.join('')}${DIGIT}]{1,7})[${SOUND_ALIKE.join('')}])+x?$`)

type ToldNumber = { digits: string; before: string }

/** Digits told one by one at the end, grouping left out. */
function numberAtEnd(text: string): ToldNumber {
  const joined = text.replace(/[\s-]/g, '')
  const match = DIGITS.exec(joined)
  if (!match) return { digits: '', before: joined }
  return { digits: Array.from(match[0], (char) => VALUES.get(char) ?? char).join(''), before: joined.slice(0, match.index) }
}

/** Lengths by what the number is called and how it begins. Identity cards: GB 11643; numbers of subscribers: the national numbering plan. */
function isWhole({ digits, before }: ToldNumber): boolean {
  const { length } = digits
  if (/身份证/.test(before)) return length === 18
  if (/尾号|[后末][四4]位/.test(before)) return length === 4
  if (/验证码/.test(before)) return length === 6 || length === 4
  if (/^[48]00/.test(digits)) return length === 10
  if (/^0(?:10|2)/.test(digits)) return length === 11
  if (digits.startsWith('0')) return length === 11 || length === 12
  if (/^1[3-9]/.test(digits)) return length === 11 || length === 18
  return length === 11 || length === 18
}

// ── Words ────────────────────────────────────────────────────────────────────

const ENDING_LENGTH_MAX = 12
/** Expected phrases that are put together are not longer than this. */
const CONSISTS_MAX = 40

/** Length of the longest listed ending; Latin ones must be whole words. */
function longestEnding(text: string, endings: ReadonlySet<string>): number {
  for (let length = Math.min(ENDING_LENGTH_MAX, text.length); length > 0; length--) {
    const ending = text.slice(-length)
    if (!endings.has(ending)) continue
    if (/^[a-z]/.test(ending) && /[a-z]/.test(text.at(-length - 1) ?? '')) continue
    return length
  }
  return 0
}

/** Whoever says what was expected of them is done, unless they are looking for words. */
function isExpected(text: string, phrases: ReadonlySet<string>): boolean {
  if (INCOMPLETE_ENDINGS.has(text) && !ANSWERS.has(text)) return false
  return phrases.has(text) || consistsOf(text, (piece) => phrases.has(piece) || ANSWERS.has(piece))
}

/** One known piece after another, as 对我是 or 没听清再说一遍. A single syllable is only an answer at the beginning: inside it is part of a word. */
function consistsOf(text: string, isKnown: (piece: string) => boolean): boolean {
  if (text.length > CONSISTS_MAX) return false
  const reached = Array.from({ length: text.length + 1 }, (_, at) => at === 0)
  for (let begin = 0; begin < text.length; begin++) {
    if (!reached[begin]) continue
    for (let end = begin + (begin === 0 ? 1 : 2); end <= text.length; end++) if (isKnown(text.slice(begin, end).trim())) reached[end] = true
  }
  return reached[text.length]!
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/))
}
