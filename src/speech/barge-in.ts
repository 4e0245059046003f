// Knows when the other side's voice stops the robot's. Does not know audio, timers, or what is said afterwards.

export type BargeInOptions = {
  /** Less voice than this is a cough, a breath or an echo; nothing but a stop word counts before. */
  voicedMsMin: number
  /** So much voice stops the robot although no word is known yet: some recognisers are slow. */
  voicedMsBlind: number
  /** Voice must fill this share of the time since its onset: short gaps are closures, long ones are single noises. */
  voicedShareMin: number
  /** A backchannel is shorter than this … */
  backchannelMsMax: number
  /** … and has at most so many syllables; twice as many when it repeats itself. */
  backchannelSyllablesMax: number
  /** Within this time before a question ends, a short word is its answer. */
  answerMs: number
}

/**
 * Figures behind the values: the built-in recogniser shows the first syllable 0.3 to 0.36 s after the onset, so that
 * sustained speech with words stops the robot by then; without words at 0.45 s. A backchannel ("嗯") has 0.15 to 0.4 s of
 * voice and is known as one before 0.45 s; if it goes on to 0.8 s it is a sentence whose next words are on their way.
 */
export const bargeInDefaults = {
  voicedMsMin: 250,
  voicedMsBlind: 450,
  voicedShareMin: 0.5,
  backchannelMsMax: 800,
  backchannelSyllablesMax: 2,
  answerMs: 300,
} as const satisfies BargeInOptions

/** The robot's own voice on the line, now. */
export type RobotVoice = {
  speaking: boolean
  interruptible: boolean
  /** What is being said ends with a question. */
  endsWithQuestion: boolean
  /** Of what is being said, audio that was not heard yet. */
  remainingMs: number
}

export type BargeInInput = {
  /** Voiced time since the onset. */
  voicedMs: number
  /** Since the first voiced frame of this stretch of speech. */
  sinceOnsetMs: number
  /** Words so far; '' while none are known. */
  partial: string
  robot: RobotVoice
}

/** 'none': nothing is interrupted. 'wait': a voice that may yet win. 'stop': it won, the robot must be silent now. */
export type BargeIn = 'none' | 'wait' | 'stop'

/** Asked for every frame while somebody speaks. After 'stop' it need not be asked again for this stretch of speech. */
export function decideBargeIn(input: BargeInInput, options: BargeInOptions = bargeInDefaults): BargeIn {
  const { voicedMs, sinceOnsetMs, partial, robot } = input
  if (!robot.speaking || !robot.interruptible) return 'none'
  if (isStopWord(partial)) return 'stop'
  if (voicedMs < options.voicedMsMin || voicedMs < options.voicedShareMin * sinceOnsetMs) return 'wait'
  if (partial === '') return voicedMs >= options.voicedMsBlind ? 'stop' : 'wait'
  if (!isBackchannel(partial, voicedMs, options)) return 'stop'
  return robot.endsWithQuestion && robot.remainingMs <= options.answerMs ? 'stop' : 'wait'
}

/** Words by which a listener says "I am listening"; 喂 and 什么 are not among them. */
const BACKCHANNELS = new Set(
  '嗯 啊 哦 噢 喔 呃 额 哎 诶 好 对 是 行 成 有 好的 好啊 好吧 对的 对啊 是的 是啊 行啊 可以 没错 知道 明白 了解 懂 这样 哦哦 嗯嗯 uh-huh ok okay yes yeah'.split(' '),
)
/** Said by themselves these take the floor at once. */
const STOP_WORDS = new Set('停 停停 喂 不是 什么 打住'.split(' '))
/** Anywhere in the words these take the floor at once. */
const STOP_PHRASES = ['等一下', '等等', '等会', '先停', '停一下', '别说了', '别说', '不要说了', '闭嘴', '我问你', '问一下', '打断一下', '听我说', '让我说', '我说一下', '不好意思打断', 'stop', 'hold on', 'wait']

/** Words that stop the robot without having to last. */
export function isStopWord(partial: string): boolean {
  const text = bare(partial)
  return STOP_WORDS.has(text) || STOP_PHRASES.some((phrase) => text.includes(phrase))
}

/** True for the short words of a listener, said once or repeated (嗯嗯嗯, 对对对, 好的好的). */
export function isBackchannel(partial: string, voicedMs: number, options: BargeInOptions = bargeInDefaults): boolean {
  if (voicedMs >= options.backchannelMsMax) return false
  const text = bare(partial)
  if (text === '') return false
  const syllables = /^[a-z]/.test(text) ? text.split(' ').length : text.length
  if (BACKCHANNELS.has(text)) return syllables <= options.backchannelSyllablesMax
  return syllables <= 2 * options.backchannelSyllablesMax && consistsOfBackchannels(text)
}

/**
 * Whether a finished stretch of speech is a turn of the conversation. A backchannel over the robot's voice is none, unless
 * the robot was asking: then the same word, begun in the last answerMs of the question or after it, is the answer.
 * @param beganBeforeRobotEndMs how long before the end of the robot's voice the speech began; 0 or less: after it
 */
export function isTurn(input: { text: string; voicedMs: number; endsWithQuestion: boolean; beganBeforeRobotEndMs: number }, options: BargeInOptions = bargeInDefaults): boolean {
  const { text, voicedMs, endsWithQuestion, beganBeforeRobotEndMs } = input
  if (bare(text) === '') return false
  if (beganBeforeRobotEndMs <= 0 || !isBackchannel(text, voicedMs, options)) return true
  return endsWithQuestion && beganBeforeRobotEndMs <= options.answerMs
}

/** One backchannel after another: 嗯好, 对对对, 哦知道. */
function consistsOfBackchannels(text: string): boolean {
  if (text === '') return true
  for (const length of [2, 1]) if (text.length >= length && BACKCHANNELS.has(text.slice(0, length)) && consistsOfBackchannels(text.slice(length))) return true
  return false
}

function bare(text: string): string {
  return text.replace(/[\s，。！？、,.!?…]+$/u, '').replaceAll('，', '').toLowerCase()
}
