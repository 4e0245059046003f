// Knows when a turn is over, from silence and words. Does not know audio, time or what is answered.

/** How finished the words sound. `digits`: a number that is still being told. `none`: no words yet. */
export type Completeness = 'complete' | 'neutral' | 'incomplete' | 'digits' | 'none'

export type EndpointingOptions = {
  /** Silence after which a turn is over, by how finished its words sound. */
  silenceMs: Readonly<Record<Completeness, number>>
  /** The words must not have changed for this long. Below `silenceMs.complete`, or nobody gets an answer that fast. */
  partialStableMsMin: number
  /** Take the turn anyway after this long. Must exceed every silenceMs. */
  silenceMsMax: number
  /** Lengths at which a number is whole: mobile numbers and identity numbers. */
  digitsWhole: readonly number[]
  /** Shorter runs are amounts and times, not numbers that are being told. */
  digitsMin: number
}

/**
 * The built-in recogniser shows the last word 0.2 s after it ended; with 0.2 s of stability a complete sentence is taken
 * at 0.4 s. People pause for 0.5 to 0.7 s between clauses, up to 1.5 s while they look for a word, and longer within numbers.
 */
export const endpointingDefaults = {
  silenceMs: { complete: 400, neutral: 700, incomplete: 1500, digits: 1800, none: 900 },
  partialStableMsMin: 200,
  silenceMsMax: 2500,
  digitsWhole: [11, 18],
  digitsMin: 3,
} as const satisfies EndpointingOptions

export type EndpointingInput = {
  /** Since the end of the last voiced frame. */
  silenceMs: number
  /** Words so far; '' when there are none. */
  partial: string
  /** Since the words last changed. */
  partialStableMs: number
  /** When the robot asked for a number of known length: how many digits. */
  digitsExpected?: number | undefined
}

/** True when the other side's turn is over. */
export function isTurnOver(input: EndpointingInput, options: EndpointingOptions = endpointingDefaults): boolean {
  const { silenceMs, partial, partialStableMs, digitsExpected } = input
  if (silenceMs >= options.silenceMsMax) return true
  const completeness = completenessOf(partial, digitsExpected, options)
  if (silenceMs < options.silenceMs[completeness]) return false
  return completeness === 'none' || partialStableMs >= options.partialStableMsMin
}

/** A turn that is nothing but this is an answer. */
const ANSWERS = words(`
  好 行 可以 对 是 是我 我是 我就是 没错 嗯 嗯嗯 哦 哦哦 有 有的 没有 没 还没有 不是 不对 不行 不 不要 不用 不知道 不清楚 不认识 喂 你好 您好 在 我在 谁 为什么 请说 你说 你讲 请讲
  继续 知道 明白 了解 收到 随便 确定 确认 取消 同意 一个 两个 yes no ok okay hello bye speaking`)

/** A turn that ends so is over: questions, closings, refusals. */
const COMPLETE_ENDINGS = words(`
  吗 呢 吧 啊 嘛 啦 了 呀 好的 可以 可以的 没问题 不用 不要 需要 谢谢 谢谢你 再见 拜拜 是的 对的 没错 没兴趣 不感兴趣 没空 没时间 不方便 不在 不想 想想 开会 我就是 多少 多少钱 哪里
  哪儿 哪位 哪里的 干嘛的 什么 怎么办 什么时候 几点 是谁 贵姓 干什么 什么事 什么意思 再说 再打 就行 就好 也行 都行 thanks bye hello`)

/** A turn that ends so goes on: connectives, prepositions, "my number is". */
const INCOMPLETE_ENDINGS = words(`
  然后 就是 就是说 那个 这个 因为 所以 但是 但 可是 不过 如果 要是 虽然 而且 或者 还有 比如 比如说 的话 那 那么 的时候 关于 至于 除了 以及 和 跟 把 被 让 给 对于 从 在 叫 姓 想 我想 我要
  我叫 我姓 我的 你的 他的 号码是 电话是 地址是 名字是 手机号是 我是说 是因为 应该是 可能是 大概是 好像是 一个是 首先 其次 第一 另外 嗯 呃 额 这 先 再 也 还 很 太 最 不 the a to and but because
  i my is`)

const DIGITS = /[0-9零〇一二三四五六七八九幺两]+[xX]?$/

/** How finished the words sound, by their last words; where a complete and an incomplete ending fit, the longer one decides. */
export function completenessOf(partial: string, digitsExpected?: number, options: EndpointingOptions = endpointingDefaults): Completeness {
  const text = partial.replace(/[\s，。！？、,.!?…]+$/u, '').toLowerCase()
  if (text === '') return 'none'
  const digits = digitsAtEnd(text)
  if (digitsExpected !== undefined && digits > 0) return digits >= digitsExpected ? 'complete' : 'digits'
  if (digits >= options.digitsMin) return options.digitsWhole.includes(digits) ? 'complete' : 'digits'
  if (ANSWERS.has(text)) return 'complete'
  const complete = longestEnding(text, COMPLETE_ENDINGS)
  const incomplete = longestEnding(text, INCOMPLETE_ENDINGS)
  if (complete === 0 && incomplete === 0) return 'neutral'
  return incomplete >= complete ? 'incomplete' : 'complete'
}

/** Digits told one by one at the end, grouping left out. */
function digitsAtEnd(text: string): number {
  return DIGITS.exec(text.replace(/[\s，,-]/g, ''))?.[0].length ?? 0
}

const ENDING_LENGTH_MAX = 12

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

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/))
}
