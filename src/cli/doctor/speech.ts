// Examines speech: the configured voice says a sentence and the configured recogniser hears it. Does not know calls.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'
import { InvalidInputError } from '../../errors.ts'
import { FRAME_MS, FRAME_SAMPLES, nowMs, SAMPLE_RATE_HZ } from '../../media/frame.ts'
import type { AsrEvent, AsrProvider } from '../../speech/asr/provider.ts'
import { voiceOf } from '../../speech-options.ts'
import type { TtsProvider } from '../../speech/tts/provider.ts'
import { spoken } from '../spoken.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const SENTENCE = '通知您明天上午九点，在三楼会议室开会。'
/** Share of the characters that must come back in order. */
const ALIKE_MIN = 0.6
const SPEAK_MS_MAX = 10_000
const HEAR_MS_MAX = 10_000
/** Silence after the sentence, as after a real turn. */
const SILENCE_MS = 600

export type SpeechProbes = {
  /** Errors: InvalidInputError for an option that is wrong or missing. */
  openAsr: (config: Config) => AsrProvider
  openTts: (config: Config) => TtsProvider
  /** Waits for the time of the next frame. */
  pause: (ms: number) => Promise<unknown>
}

export async function examineSpeech(config: Config, probes: SpeechProbes): Promise<Finding[]> {
  const findings: Finding[] = []
  await using asr = opened(() => probes.openAsr(config), findings)
  await using tts = opened(() => probes.openTts(config), findings)
  if (!asr || !tts) return findings
  findings.push(fitness(asr, config))
  const [ears, voice] = await Promise.allSettled([asr.warmUp(), tts.warmUp()])
  if (ears.status === 'rejected') findings.push(broken('ASR', config.asr, ears.reason))
  if (voice.status === 'rejected') findings.push(broken('TTS', config.tts, voice.reason))
  if (ears.status === 'rejected' || voice.status === 'rejected') return findings

  let pcm: Int16Array
  const startedMs = nowMs()
  try {
    pcm = await spoken(tts, SENTENCE, voiceOf(config), AbortSignal.timeout(SPEAK_MS_MAX))
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return [...findings, problem(`合成失败：${said}`, `the voice failed: ${said}`, { zh: '检查 TTS 与 TTS_VOICE。', en: 'Check TTS and TTS_VOICE.' })]
  }
  const seconds = (pcm.length / SAMPLE_RATE_HZ).toFixed(1)
  if (pcm.length < SAMPLE_RATE_HZ) return [...findings, problem(`${config.tts} 只合成出 ${seconds} 秒`, `${config.tts} made only ${seconds} s of sound`, { zh: '检查 TTS 与 TTS_VOICE。', en: 'Check TTS and TTS_VOICE.' })]
  const children = 'childPids' in tts && Array.isArray(tts.childPids) ? tts.childPids.length : undefined
  const ms = Math.round(nowMs() - startedMs)
  findings.push(ok(`合成 ${config.tts}：${ms} ms 得到 ${seconds} 秒${children === undefined ? '' : `，${children} 个子进程`}`, `voice ${config.tts}: ${seconds} s of speech in ${ms} ms${children === undefined ? '' : `, ${children} children`}`))
  if (children === 0) findings.push(problem('合成子进程没有启动', 'no child of the voice is running', { zh: '看日志里的原因（LOG_LEVEL=debug）。', en: 'See the log for why (LOG_LEVEL=debug).' }))
  return [...findings, await roundTrip(asr, pcm, config, probes)]
}

async function roundTrip(asr: AsrProvider, pcm: Int16Array, config: Config, probes: SpeechProbes): Promise<Finding> {
  const heard = await hear(asr, pcm, probes)
  if (heard instanceof Error) return broken('ASR', config.asr, heard)
  const share = alike(bare(SENTENCE), bare(heard))
  if (share >= ALIKE_MIN) return ok(`识别 ${config.asr} 听懂了自己的合成：“${heard}”`, `the recogniser ${config.asr} understands the voice: “${heard}”`)
  return problem(`识别 ${config.asr} 没听懂合成的话：“${heard}”，应为“${SENTENCE}”`, `the recogniser ${config.asr} does not understand the voice: “${heard}” for “${SENTENCE}”`, { zh: '检查 ASR、TTS、TTS_VOICE。', en: 'Check ASR, TTS and TTS_VOICE.' })
}

/** At the pace of a call: recognisers on the network expect no other. */
async function hear(asr: AsrProvider, pcm: Int16Array, { pause }: SpeechProbes): Promise<string | Error> {
  const done = Promise.withResolvers<string | Error>()
  const onEvent = (event: AsrEvent): void => {
    if (event.type === 'final' && event.text !== '') texts.push(event.text)
    if (event.type === 'final' && ended) done.resolve(texts.join(''))
    if (event.type === 'failed') done.resolve(event.error)
  }
  const texts: string[] = []
  let ended = false
  using stream = asr.open({ hotWords: [], phrases: [], onEvent })
  const beginMs = nowMs()
  const frames = Math.ceil(pcm.length / FRAME_SAMPLES) + SILENCE_MS / FRAME_MS
  for (let i = 0; i < frames; i += 1) {
    const frame = new Int16Array(FRAME_SAMPLES)
    frame.set(pcm.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES))
    const aheadMs = beginMs + i * FRAME_MS - nowMs()
    if (aheadMs > 0) await pause(aheadMs)
    stream.push(frame, beginMs + i * FRAME_MS)
  }
  ended = true
  stream.endUtterance()
  const over = new AbortController()
  const late = sleep(HEAR_MS_MAX, new Error(`no final result within ${HEAR_MS_MAX / 1_000} s`), { signal: over.signal })
  late.catch(() => {})
  const heard = await Promise.race([done.promise, late])
  over.abort()
  return heard
}

/** Whether the recogniser may be used on the line that is configured. The dialer refuses where this says problem. */
function fitness(asr: AsrProvider, { sipTrunk, allowDemoAsr, asr: name }: Config): Finding {
  if (asr.capabilities.understands === 'people') return ok(`识别 ${name} 听得懂真人`, `the recogniser ${name} understands people`)
  if (sipTrunk === undefined) return ok(`识别 ${name} 只听得懂模拟被叫，与模拟线路相配`, `the recogniser ${name} understands simulated callees only, which fits the simulated carrier`)
  const next = { zh: '用 ASR 换成面向真人的识别；只为试线路可设 ALLOW_DEMO_ASR=on。', en: 'Set ASR to a recogniser for people; to try the line only, ALLOW_DEMO_ASR=on.' }
  if (allowDemoAsr) return warning(`识别 ${name} 听不懂真人，但 ALLOW_DEMO_ASR=on 允许拨打`, `the recogniser ${name} does not understand people, and ALLOW_DEMO_ASR=on dials them all the same`, next)
  return problem(`识别 ${name} 听不懂真人，真实线路会拒绝拨打`, `the recogniser ${name} does not understand people: dialling the real trunk is refused`, next)
}

/** What the options ask for; undefined, and a finding more, when they cannot be followed. */
function opened<T>(open: () => T, findings: Finding[]): T | undefined {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    findings.push(problem(error.message, error.message, { zh: `改正 ${error.field}。`, en: `Correct ${error.field}.` }))
    return undefined
  }
}

function broken(option: string, name: string, reason: unknown): Finding {
  const said = reason instanceof Error ? reason.message : String(reason)
  return problem(`${option} ${name} 不能用：${said}`, `${option} ${name} cannot be used: ${said}`, { zh: '重新安装（npm ci），或换一个。', en: 'Install again (npm ci), or choose another.' })
}

const bare = (text: string): string => text.replace(/[\p{P}\s]/gu, '')

/** Length of the longest common subsequence, as a share of `wanted`. Digits and characters for numbers differ by engine, hence a share. */
function alike(wanted: string, heard: string): number {
  let row = Array.from(heard, () => 0).concat(0)
  for (const a of wanted) {
    const next = [0]
    for (let i = 1; i < row.length; i += 1) next.push(a === heard[i - 1] ? row[i - 1]! + 1 : Math.max(row[i]!, next[i - 1]!))
    row = next
  }
  return row.at(-1)! / wanted.length
}
