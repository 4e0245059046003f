// Knows who has the floor when both sides talk: when the robot lowers its voice, pauses, stops for good or goes on.
// Does not know audio, timers, or what is said afterwards.

export type BargeInOptions = {
  /** From so much voice on, the robot speaks more softly. */
  duckMs: number
  /** The voice is over when nothing was heard for so long: who only ducked speaks up again. Above the closures within a word. */
  restoreMs: number
  /** So much voice pauses the robot. Less is a cough, a breath or an echo. */
  voicedMsMin: number
  /** Of a sound that is no voice recognisers make a few syllables: fewer than these stop nothing before they are final. */
  syllablesMin: number
  /** A few syllables over the robot that are less certain than this, 0..1, were no words. */
  confidenceMin: number
  /** Voice must fill this share of the time since its onset: short gaps are closures, long ones are single noises. */
  voicedShareMin: number
  /** So much voice wins although no word is known yet: some recognisers are slow. No cough lasts as long. */
  voicedMsBlind: number
  /** After a pause the robot goes on when nothing more was heard for so long. Words without a meaning of their own need no more time … */
  resumeAfterWordMs: number
  /** … a sound without words does: the first word may still be on its way through the recogniser … */
  resumeAfterSoundMs: number
  /** … and so do a few syllables: the turn will soon be over, and its final tells whether they were words at all. */
  resumeAfterFewMs: number
  /** A recogniser that tells nothing before its final is waited for; but never longer than this, or the callee hears a dead line. */
  pauseMsMax: number
  /** A backchannel is shorter than this … */
  backchannelMsMax: number
  /** … and has at most so many syllables; three times as many when it repeats itself. */
  backchannelSyllablesMax: number
  /** A short word begun within this time before the end of a question is its answer: its last syllables can be foreseen. */
  answerMs: number
  /** A single syllable that ended this long before the robot did is a murmur, not an answer. */
  murmurMs: number
  /** So much voice without a word, while the robot listens, is somebody who was not understood. No cough lasts as long. */
  wordlessMs: number
  /** So much of it is enough where the recogniser lost the words: whoever answered is not left without a reply. */
  lostMs: number
}

/**
 * Figures behind the values: the built-in recogniser shows the first syllable 0.3 to 0.36 s after the onset and the last one 0.2 s
 * after its end. A backchannel ("嗯") has 0.15 to 0.4 s of voice, a cough 0.1 to 0.6 s. Voice activity is sure 60 ms after the onset.
 * Coughs at 15 dB were heard as up to three syllables with a certainty of 0.1 to 0.57; words had 0.88 and more.
 */
export const bargeInDefaults = {
  duckMs: 80,
  restoreMs: 160,
  voicedMsMin: 250,
  syllablesMin: 4,
  confidenceMin: 0.6,
  voicedShareMin: 0.5,
  voicedMsBlind: 1_000,
  resumeAfterWordMs: 260,
  resumeAfterSoundMs: 420,
  resumeAfterFewMs: 900,
  pauseMsMax: 2_000,
  backchannelMsMax: 1_200,
  backchannelSyllablesMax: 2,
  answerMs: 600,
  murmurMs: 300,
  wordlessMs: 700,
  lostMs: 160,
} as const satisfies BargeInOptions

/** What the robot does about a voice over its own. `stop`: it lost the floor for good. */
export type Yielding = 'nothing' | 'duck' | 'pause' | 'stop'

/** The robot's own voice on the line. */
export type RobotVoice = {
  speaking: boolean
  interruptible: boolean
  /** Its opening, or whatever else must come through: only a stop word stops it yet. */
  isProtected: boolean
  /** Defined: words stop nothing, but a voice that has lasted so long does; 0: nothing does. */
  timeBreakMs: number | undefined
  /** What is being said ends with a question. */
  endsWithQuestion: boolean
  /** When it will be over, or would have been had it not paused. Infinity while that is not known. */
  endAtMs: number
}

/** One stretch of the other side's speech, so far. Times on the clock of the audio. */
export type StretchVoice = {
  beginAtMs: number
  /** Now. */
  atMs: number
  voicedMs: number
  /** Since the last voiced frame. */
  silenceMs: number
  /** Words so far; '' while none are known. */
  partial: string
}

/** The beginning of a stretch that was dealt with already: it was a backchannel or a noise, and the robot went on. */
export type Settled = Pick<StretchVoice, 'atMs' | 'voicedMs' | 'partial'>

export type FloorInput = {
  /** What the robot does already. */
  stance: 'full' | 'ducked' | 'paused'
  /** Since it paused. */
  pausedMs: number
  /** Undefined: nobody speaks. */
  voice: StretchVoice | undefined
  settled: Settled | undefined
  robot: RobotVoice
}

/** Asked for every frame while somebody speaks, and now and then while the robot yields. After 'stop' it need not be asked again for this stretch. */
export function decideFloor({ stance, pausedMs, voice, settled, robot }: FloorInput, options: BargeInOptions = bargeInDefaults): Yielding {
  if (voice === undefined || !robot.speaking || !robot.interruptible) return 'nothing'
  const fresh = sinceSettled(voice, settled)
  const sustained = fresh.voicedMs >= options.voicedShareMin * fresh.spanMs
  if (robot.timeBreakMs !== undefined) return robot.timeBreakMs > 0 && voice.voicedMs >= robot.timeBreakMs && sustained ? 'stop' : 'nothing'
  if (isStopWord(fresh.partial) && !(robot.isProtected && isGreeting(fresh.partial))) return 'stop'
  if (robot.isProtected) return 'nothing'

  const weight = weightOf(fresh.partial, voice.voicedMs, options)
  const enough = voice.voicedMs >= options.voicedMsMin
  if (weight === 'words' && enough) return 'stop'
  if (weight === 'word' && enough && robot.endsWithQuestion && robot.endAtMs - voice.beginAtMs <= options.answerMs) return 'stop'
  if (weight === 'none' && fresh.voicedMs >= options.voicedMsBlind && sustained) return 'stop'

  if (stance === 'paused') {
    return voice.silenceMs >= resumeAfterMs(weight, options) || pausedMs >= options.pauseMsMax ? 'nothing' : 'pause'
  }
  if (voice.silenceMs >= options.restoreMs) return 'nothing'
  if (fresh.voicedMs >= options.voicedMsMin && sustained) return 'pause'
  return fresh.voicedMs >= options.duckMs || stance === 'ducked' ? 'duck' : 'nothing'
}

/** What came after the settled beginning. Words that were taken back and replaced are all new. */
function sinceSettled({ beginAtMs, atMs, voicedMs, silenceMs, partial }: StretchVoice, settled: Settled | undefined): { voicedMs: number; spanMs: number; partial: string } {
  const spanMs = atMs - silenceMs - (settled?.atMs ?? beginAtMs)
  if (!settled) return { voicedMs, spanMs, partial }
  return { voicedMs: voicedMs - settled.voicedMs, spanMs, partial: partial.startsWith(settled.partial) ? partial.slice(settled.partial.length) : partial }
}

/**
 * What words weigh over the robot's voice. `word`: a listener's murmur; also any single syllable, because it is the beginning of a
 * sentence whose next syllable is on its way, or one that was misheard. `few`: the beginning of a sentence, or a cough.
 */
type Weight = 'none' | 'word' | 'few' | 'words'

function weightOf(partial: string, voicedMs: number, options: BargeInOptions): Weight {
  const text = bare(partial)
  if (text === '') return 'none'
  if (isSyllable(text) || isBackchannel(text, voicedMs, options)) return 'word'
  return syllablesOf(text) < options.syllablesMin && voicedMs < options.backchannelMsMax ? 'few' : 'words'
}

function resumeAfterMs(weight: Weight, options: BargeInOptions): number {
  return weight === 'none' ? options.resumeAfterSoundMs : weight === 'word' ? options.resumeAfterWordMs : options.resumeAfterFewMs
}

/** Of a Latin word, two. */
function syllablesOf(text: string): number {
  return text.match(/\p{Script=Han}|\d/gu)?.length ?? 2 * text.split(' ').length
}

function isSyllable(text: string): boolean {
  return /^\p{Script=Han}$/u.test(text)
}

/** Words by which a listener says "I am listening"; 喂 and 什么 are not among them. */
const BACKCHANNELS = new Set(
  '嗯 啊 哦 噢 喔 呃 额 哎 诶 唉 恩 好 对 是 行 成 有 好的 好啊 好吧 好嘞 对的 对啊 对呀 是的 是啊 是吧 行啊 行吧 可以 没错 知道 明白 了解 懂 这样 哦哦 嗯嗯 uh-huh ok okay yes yeah'.split(' '),
)
/** Said by themselves these take the floor at once. */
const STOP_WORDS = new Set('停 停停 喂 不是 什么 打住 慢着 不用 不要 挂了'.split(' '))
/** Anywhere in the words these take the floor at once. */
const STOP_PHRASES = [
  '等一下', '等等', '等会', '先停', '停一下', '别说了', '别说', '别讲了', '不要说了', '不要再说', '闭嘴', '我问你', '问一下', '打断一下', '听我说', '让我说', '我说一下', '不好意思打断',
  '打错了', '不需要', '不用了', '没兴趣', '不感兴趣', '别打了', '别再打', '不要再打', 'stop', 'hold on', 'wait', 'wrong number',
]
/** Said into the first words of the robot by everybody who has just picked up. */
const GREETINGS = new Set('喂 喂喂 你好 您好 喂你好 喂您好 你好喂 哎 哎你好 hello hi'.split(' '))

/** Words that stop the robot without having to last. */
export function isStopWord(partial: string): boolean {
  const text = bare(partial)
  return STOP_WORDS.has(text) || STOP_PHRASES.some((phrase) => text.includes(phrase))
}

/** Nothing but what people say when they pick up. */
export function isGreeting(partial: string): boolean {
  return GREETINGS.has(bare(partial))
}

/** True for the short words of a listener, said once or repeated (嗯嗯嗯, 对对对, 好的好的). */
export function isBackchannel(partial: string, voicedMs: number, options: BargeInOptions = bargeInDefaults): boolean {
  if (voicedMs >= options.backchannelMsMax) return false
  const text = bare(partial)
  if (text === '') return false
  const syllables = /^[a-z]/.test(text) ? text.split(' ').length : text.length
  if (BACKCHANNELS.has(text)) return syllables <= options.backchannelSyllablesMax
  return syllables <= 3 * options.backchannelSyllablesMax && consistsOfBackchannels(text)
}

export type SpokenOver = {
  text: string
  voicedMs: number
  beginAtMs: number
  endAtMs: number
  /** 0..1 */
  confidence: number
  robot: Pick<RobotVoice, 'endsWithQuestion' | 'endAtMs'>
  /** It began while the robot's voice was protected. */
  overProtected: boolean
  /** Nobody knows whether there were words. */
  isLost?: boolean | undefined
}

/**
 * Whether a finished stretch of speech is a turn of the conversation. A backchannel over the robot's voice is none, nor is a single
 * syllable that was over well before the robot, nor a few of which the recogniser is not certain, nor a greeting into the opening. But a
 * short word begun in the last answerMs of a question, or after it, is the answer. A sound without words is a turn when it lasted, and
 * the robot was silent.
 */
export function isTurn({ text, voicedMs, beginAtMs, endAtMs, confidence, robot, overProtected, isLost = false }: SpokenOver, options: BargeInOptions = bargeInDefaults): boolean {
  const words = bare(text)
  if (words === '') return voicedMs >= (isLost ? options.lostMs : options.wordlessMs) && beginAtMs >= robot.endAtMs
  if (beginAtMs >= robot.endAtMs || isStopWord(words)) return !(overProtected && isGreeting(words))
  if (overProtected && isGreeting(words)) return false
  if (robot.endsWithQuestion && robot.endAtMs - beginAtMs <= options.answerMs) return true
  if (isSyllable(words) && robot.endAtMs - endAtMs > options.murmurMs) return false
  if (confidence < options.confidenceMin && syllablesOf(words) < options.syllablesMin) return false
  return !isBackchannel(words, voicedMs, options)
}

/** One backchannel after another: 嗯好, 对对对, 哦知道. */
function consistsOfBackchannels(text: string): boolean {
  if (text === '') return true
  for (const length of [2, 1]) if (text.length >= length && BACKCHANNELS.has(text.slice(0, length)) && consistsOfBackchannels(text.slice(length))) return true
  return false
}

function bare(text: string): string {
  return text.replace(/^[\s，。、]+|[\s，。！？、,.!?…]+$/gu, '').replaceAll('，', '').toLowerCase()
}
