// Knows how display text becomes eSpeak orders. Does not know calls, and never loads eSpeak itself: that happens in child processes.
import { setTimeout as delay } from 'node:timers/promises'
import { ProviderError } from '../../../errors.ts'
import { log } from '../../../log.ts'
import { toSpoken } from '../../text/to-spoken.ts'
import { TtsEventQueue } from '../event-queue.ts'
import { toSpeechUnits } from '../pinyin.ts'
import { defaultVoice, type TtsEvent, type TtsProvider, type Voice } from '../provider.ts'
import { spokenWords } from '../voice-words.ts'
import { EspeakPool, type PoolOptions } from './pool.ts'
import { toSpeechParts } from './spelling.ts'
import { rateWpm, variantOf, volumeGain } from './voices.ts'

const NAME = 'espeak'
/** About five minutes of speech; no robot says that in one go. */
const TEXT_CHARS_MAX = 1_500
/** Every kind of syllable and the English voice: what the first call would otherwise wait for a compiler to see. */
const practiceTexts = ['您好，请问是张先生吗？我是人工智能语音助手。', '通知您明天上午九点，在三楼会议室开会，请准时参加。', '请您留下姓名和电话，谢谢，再见。Thank you for your time.']
/** By then the rest of the program has started, which practice would slow down. */
const PRACTICE_AFTER_MS = 1_500

/** Speaks beside the first calls: before them, it would nearly double the time to start. */
async function practise(pool: EspeakPool, afterMs: number): Promise<void> {
  await delay(afterMs, undefined, { ref: false })
  for (const text of practiceTexts) {
    if (pool.isClosing) return
    try {
      await pool.speakOnEach(orderOf(toSpoken(text), defaultVoice, ''))
    } catch (error) {
      // A child that died or was slow is replaced, and will do.
      if (!pool.isClosing) log.warn({ err: error }, 'the voice could not practise; its first words may come late')
    }
  }
}

/**
 * The built-in voice: eSpeak NG on a pool of child processes. Robotic, intelligible, no download, no account.
 * Voice names are eSpeak variants ('' , f1…f5, m1…m8, Annie …); an unknown one ends as `failed`, not retryable.
 */
export function createEspeak({ practiceAfterMs = PRACTICE_AFTER_MS, ...options }: Partial<PoolOptions> & { practiceAfterMs?: number } = {}): TtsProvider & { readonly childPids: number[] } {
  const pool = new EspeakPool(options)
  return {
    name: NAME,
    get childPids() {
      return pool.pids
    },
    async warmUp() {
      await pool.start()
      void practise(pool, practiceAfterMs)
    },
    synthesize(text, voice, signal): AsyncIterable<TtsEvent> {
      const variant = variantOf(voice)
      if (variant === undefined) return failed(`has no voice named ${JSON.stringify(voice.name)}`)
      if (text.length > TEXT_CHARS_MAX) return failed(`text of ${text.length} characters is longer than ${TEXT_CHARS_MAX}`)
      const order = orderOf(spokenWords(text, voice), voice, variant)
      if (order.parts.length > 0) return pool.speak(order, signal)
      const nothing = new TtsEventQueue()
      nothing.push({ type: 'done' })
      return nothing
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

function orderOf(spoken: string, voice: Voice, variant: string): { voice: string; rateWpm: number; gain: number; parts: ReturnType<typeof toSpeechParts> } {
  const pace = rateWpm(voice.speed) / rateWpm(0)
  return { voice: variant, rateWpm: rateWpm(voice.speed), gain: volumeGain(voice.volume), parts: toSpeechParts(toSpeechUnits(spoken, voice.readings), pace) }
}

function failed(message: string): TtsEventQueue {
  const events = new TtsEventQueue()
  events.push({ type: 'failed', error: new ProviderError(NAME, message, false) })
  return events
}
