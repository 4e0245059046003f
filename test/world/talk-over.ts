// Calls in which the callee utters scripted sounds over the robot's voice: real RTP both ways, the whole voice loop, the built-in voices
// and recogniser. Everything is measured in the recording of the far end: what it sent, and what it heard of us through its jitter buffer.
// Does not know what figures are good.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VoiceLoop } from '../../src/call/voice-loop.ts'
import type { CallEvent } from '../../src/events.ts'
import { OverloadedError } from '../../src/errors.ts'
import type { MediaEngine, MediaPort, OpenPortOptions } from '../../src/media/engine.ts'
import { nowMs, SAMPLE_RATE_HZ } from '../../src/media/frame.ts'
import { seededRandom } from '../../src/media/seeded-random.ts'
import { readWav } from '../../src/media/wav.ts'
import type { Robot, RobotAction, RobotEvent } from '../../src/robot/robot.ts'
import type { AsrProvider } from '../../src/speech/asr/provider.ts'
import { clausesOf } from '../../src/speech/clauses.ts'
import { withNoise } from '../../src/speech/early-media/noise.test-data.ts'
import { defaultVoice, type TtsProvider } from '../../src/speech/tts/provider.ts'
import { spoken, type Sound, type SoundKind } from './talk-over-sounds.ts'

export type TalkOverOptions = {
  engine: MediaEngine
  asr: AsrProvider
  tts: TtsProvider
  sounds: readonly Sound[]
  /** Pink noise behind the callee's voice; undefined: none. */
  snrDb: number | undefined
  seed: number
}

export type Uttered = {
  kind: SoundKind
  what: string
  /** The robot dropped what it was saying. */
  stopped: boolean
  /** From 250 ms of audible sound on to our last audible sound before a silence, as the far end heard it; negative: earlier. undefined: no silence. */
  silentAfterMs: number | undefined
  /** It fell silent and went on with what it was saying: how much of it was heard twice, and how much of that lies before the clause in which it fell silent. */
  wentOn: { repeatedMs: number; beforeClauseMs: number; silenceMs: number } | undefined
}

/** Statements only: in a question a murmur may be an answer. */
const SAYS = [
  '这次会议主要讨论明年的销售计划，请各部门准备好自己的材料，会议大约需要两个小时，中间会有短暂的休息，结束以后大家一起吃午饭，饭后还有一个简单的培训，培训的内容已经发到您的邮箱，请您提前看一看。',
  '您的包裹已经到达我们的仓库，今天下午会有快递员送到您家里，如果您不在家，快递员会把包裹放在门口的柜子里，取件码会用短信发给您，包裹最多保存三天，超过三天需要您自己到仓库来取，谢谢您的理解。',
  '我们这次的活动从下个月一号开始，所有的老客户都可以参加，参加的方法非常简单，只要打开手机软件，在首页就能看到活动的入口，点进去按照提示填写资料，我们的工作人员会尽快和您联系，整个过程不收任何费用。',
]

/** Our sound is audible from −50 dBFS on: its noise of coding is below, its softest syllable, ducked, above. */
const AUDIBLE_RMS = 104
const WINDOW = SAMPLE_RATE_HZ / 100
/** Longer than any pause within what the robot says. */
const SILENCE_MS = 300
/** How much of the far end's audio lies ready, and how often it is made. */
const AHEAD_MS = 300
const FEED_MS = 80
/** Sounds come when the robot has still so much to say. */
const LEFT_MS_MIN = 4_500

/** One call with these sounds in their order. What comes back measures it: that takes a moment, in which no call should be going on. */
export async function talkOver(options: TalkOverOptions): Promise<() => Uttered[]> {
  const { engine, asr, tts, sounds, snrDb, seed } = options
  const random = seededRandom(seed)
  const said = await referencesOf(tts)
  const directory = await mkdtemp(path.join(tmpdir(), 'waihu-talk-over-'))
  const recordingPath = path.join(directory, 'far-end.wav')
  const events: (CallEvent & { atMs: number })[] = []
  let loop: VoiceLoop | undefined
  const ours = await openPort(engine, { address: '127.0.0.1', onEvent: (event) => loop?.onMediaEvent(event) })
  const theirs = await openPort(engine, { address: '127.0.0.1', recordingPath, onEvent: () => {} })
  const connect = (from: MediaPort, to: MediaPort) => from.connect({ address: '127.0.0.1', port: to.port, codec: 'PCMA', payloadType: 8, eventPayloadType: 101, ptimeMs: 20, send: true })
  const connectedAtMs = nowMs()
  connect(theirs, ours)
  connect(ours, theirs)
  const voice = new FarVoice(theirs, snrDb === undefined ? undefined : { snrDb, seed })
  try {
    loop = new VoiceLoop({ port: ours, asr, tts, voice: defaultVoice, robot: new Talker(), now: nowMs, emit: (event) => events.push({ ...event, atMs: nowMs() }), options: { muteMs: 60_000, openingProtectedMs: 0 } })
    // A conversation may fail for reasons of its own, a voice that is late among them; what was not uttered is not measured.
    const state = { over: false }
    void loop.ended.then(() => (state.over = true))
    const uttered: { sound: Sound; aboutMs: number; fromMs: number; toMs: number }[] = []
    for (const sound of sounds) {
      const { speaker } = loop.voice
      // In the middle of what it says, wherever that is in its clauses.
      const isInTheMiddle = () => speaker.stance === 'full' && speaker.current?.startedAtMs !== undefined && nowMs() - speaker.current.startedAtMs > 600 && speaker.currentEndAtMs - nowMs() > LEFT_MS_MIN
      for (let waitedMs = 0; !state.over && !isInTheMiddle() && waitedMs < 60_000; waitedMs += 20) await sleep(20)
      if (state.over) break
      await sleep(random() * 600)
      const fromMs = nowMs()
      const aboutMs = voice.utter(sound.pcm)
      await sleep(AHEAD_MS + (sound.pcm.length * 1_000) / SAMPLE_RATE_HZ + 2_600)
      if (!state.over) uttered.push({ sound, aboutMs: aboutMs - connectedAtMs, fromMs, toMs: nowMs() })
    }
    const losses = events.filter((event) => event.type === 'robot-said' && event.cut)
    voice.stop()
    await loop.close()
    await Promise.all([ours.close(), theirs.close()])
    const [heard, sent] = readWav(await readFile(recordingPath)).channels as [Int16Array, Int16Array]
    return () =>
      uttered.map(({ sound, aboutMs, fromMs, toMs }) => {
        const stopped = losses.some(({ atMs }) => atMs >= fromMs && atMs <= toMs)
        return { kind: sound.kind, what: sound.what, stopped, ...measure(sound, positionOf(sound.pcm, sent, aboutMs), heard, said, stopped) }
      })
  } finally {
    voice.stop()
    await loop?.close()
    await Promise.all([ours.close(), theirs.close()])
    await rm(directory, { recursive: true, force: true })
  }
}

/** Media threads that are late refuse ports; on a machine that is busy with other things that passes. */
async function openPort(engine: MediaEngine, options: OpenPortOptions): Promise<MediaPort> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await engine.open(options)
    } catch (error) {
      if (!(error instanceof OverloadedError) || attempt === 60) throw error
      await sleep(error.retryAfterMs)
    }
  }
}

/** Always has something to say. */
class Talker implements Robot {
  readonly kind = 'talker'
  readonly hotWords = []
  readonly phrases = []
  #said = 0

  async *handle(event: RobotEvent): AsyncGenerator<RobotAction> {
    if (event.type === 'answered' || event.type === 'utterance' || (event.type === 'played' && !event.cut)) {
      yield { type: 'say', id: `say-${this.#said}`, parts: [{ type: 'text', text: SAYS[this.#said++ % SAYS.length]! }], interruptible: true }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The far end's side of the line: noise all the time, sounds now and then, in one stream without a gap. */
class FarVoice {
  readonly #port: MediaPort
  readonly #noise: Int16Array | undefined
  readonly #timer: NodeJS.Timeout
  readonly #beganAtMs = nowMs()
  #made = 0
  #sounds: { pcm: Int16Array; at: number }[] = []

  constructor(port: MediaPort, noise: { snrDb: number; seed: number } | undefined) {
    this.#port = port
    // Speech of the built-in voices has −20 dBm0 while it is audible.
    this.#noise = noise && withNoise(new Int16Array(20 * SAMPLE_RATE_HZ), 'pink', -20 - noise.snrDb, noise.seed)
    this.#timer = setInterval(() => this.#feed(), FEED_MS)
    this.#feed()
  }

  /** As soon as can be; gives about when. */
  utter(pcm: Int16Array): number {
    this.#sounds.push({ pcm, at: this.#made })
    return this.#beganAtMs + (this.#made * 1_000) / SAMPLE_RATE_HZ
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #feed(): void {
    const until = Math.round(((nowMs() - this.#beganAtMs + AHEAD_MS) * SAMPLE_RATE_HZ) / 1_000)
    const pcm = new Int16Array(Math.max(0, until - this.#made))
    if (this.#noise) for (let i = 0; i < pcm.length; i += 1) pcm[i] = this.#noise[(this.#made + i) % this.#noise.length]!
    for (const sound of this.#sounds) {
      for (let i = Math.max(0, sound.at - this.#made); i < pcm.length; i += 1) pcm[i] = Math.max(-32_768, Math.min(32_767, pcm[i]! + (sound.pcm[this.#made + i - sound.at] ?? 0)))
    }
    this.#made += pcm.length
    this.#sounds = this.#sounds.filter(({ pcm: whole, at }) => at + whole.length > this.#made)
    this.#port.play(1, pcm, false)
  }
}

/** What the robot says as it sounds on an undisturbed line, and where its clauses begin; all in samples. */
type Reference = { pcm: Int16Array; begins: number[] }

const references = new WeakMap<TtsProvider, Promise<Reference[]>>()

function referencesOf(tts: TtsProvider): Promise<Reference[]> {
  const known = references.get(tts)
  if (known) return known
  const made = Promise.all(SAYS.map((text) => referenceOf(tts, text)))
  references.set(tts, made)
  return made
}

async function referenceOf(tts: TtsProvider, text: string): Promise<Reference> {
  const begins: number[] = []
  const pieces: Int16Array[] = []
  let at = 0
  for (const clause of clausesOf(text)) {
    begins.push(at)
    const pcm = await spoken(tts, clause.text, defaultVoice)
    const pause = new Int16Array((Math.round(clause.pauseMs / 20) * 20 * SAMPLE_RATE_HZ) / 1_000)
    pieces.push(pcm, pause)
    at += pcm.length + pause.length
  }
  const pcm = new Int16Array(at)
  let offset = 0
  for (const piece of pieces) {
    pcm.set(piece, offset)
    offset += piece.length
  }
  return { pcm, begins }
}

function measure(sound: Sound, at: number, heard: Int16Array, said: readonly Reference[], stopped: boolean): Pick<Uttered, 'silentAfterMs' | 'wentOn'> {
  const sustained = at + sustainedAt(sound.pcm)
  // The first silence that begins while the sound lasts, or shortly after it.
  const until = at + sound.pcm.length + 0.5 * SAMPLE_RATE_HZ
  let quiet = 0
  for (let from = at; from < Math.min(heard.length, until + (SILENCE_MS * SAMPLE_RATE_HZ) / 1_000) - WINDOW; from += WINDOW) {
    quiet = rms(heard, from, WINDOW) < AUDIBLE_RMS ? quiet + 10 : 0
    if (quiet < SILENCE_MS) continue
    const silentAt = from + WINDOW - (SILENCE_MS * SAMPLE_RATE_HZ) / 1_000
    return { silentAfterMs: ((silentAt - sustained) * 1_000) / SAMPLE_RATE_HZ, wentOn: stopped ? undefined : goneOn(heard, silentAt, said) }
  }
  return { silentAfterMs: undefined, wentOn: undefined }
}

/** Where 250 ms of it were audible. */
function sustainedAt(pcm: Int16Array): number {
  let audibleMs = 0
  for (let from = 0; from + WINDOW <= pcm.length; from += WINDOW) {
    if (rms(pcm, from, WINDOW) >= AUDIBLE_RMS) audibleMs += 10
    if (audibleMs >= 250) return from + WINDOW
  }
  return pcm.length
}

/** How what is heard after a silence joins what was heard before it. */
function goneOn(heard: Int16Array, silentAt: number, said: readonly Reference[]): Uttered['wentOn'] {
  let backAt = silentAt + (SILENCE_MS * SAMPLE_RATE_HZ) / 1_000
  while (backAt + WINDOW < heard.length && rms(heard, backAt, WINDOW) < AUDIBLE_RMS) backAt += WINDOW
  const length = 0.25 * SAMPLE_RATE_HZ
  // Before the 10 ms of fading out, and the window's edge.
  const beforeAt = silentAt - length - 3 * WINDOW
  if (backAt + length >= heard.length || beforeAt < 0) return undefined
  let best: { score: number; wentOn: NonNullable<Uttered['wentOn']> } | undefined
  for (const { pcm, begins } of said) {
    const before = match(heard.subarray(beforeAt, beforeAt + length), pcm)
    const after = match(heard.subarray(backAt, backAt + length), pcm)
    const score = Math.min(before.score, after.score)
    if (best && best.score >= score) continue
    const brokeOff = before.at + silentAt - beforeAt
    const clauseBegin = begins.findLast((begin) => begin <= brokeOff) ?? 0
    const inMs = (samples: number) => (samples * 1_000) / SAMPLE_RATE_HZ
    best = { score, wentOn: { repeatedMs: Math.max(0, inMs(brokeOff - after.at)), beforeClauseMs: Math.max(0, inMs(clauseBegin - after.at)), silenceMs: inMs(backAt - silentAt) } }
  }
  return best && best.score > 0.5 ? best.wentOn : undefined
}

/** Where a sound lies in the far end's own channel, near the moment when it was made. */
function positionOf(pcm: Int16Array, sent: Int16Array, aboutMs: number): number {
  const first = pcm.findIndex((sample) => Math.abs(sample) > 500)
  const piece = pcm.subarray(Math.max(0, first), Math.max(0, first) + 0.1 * SAMPLE_RATE_HZ)
  const about = Math.round((aboutMs * SAMPLE_RATE_HZ) / 1_000) + Math.max(0, first)
  const from = Math.max(0, about - 0.3 * SAMPLE_RATE_HZ)
  return from + match(piece, sent.subarray(from, about + 1.2 * SAMPLE_RATE_HZ)).at - Math.max(0, first)
}

/** Where `piece` fits best, whatever its level; score 1: exactly. Searched at a quarter of the rate first. */
function match(piece: Int16Array, whole: Int16Array): Fit {
  const rough = bestFit(quartered(piece), quartered(whole), 0, whole.length)
  return bestFit(piece, whole, rough.at * 4 - 6, rough.at * 4 + 6)
}

type Fit = { at: number; score: number }

function bestFit(piece: Int16Array, whole: Int16Array, from: number, to: number): Fit {
  const energy = piece.reduce((sum, sample) => sum + sample ** 2, 1e-9)
  let best: Fit = { at: 0, score: -1 }
  for (let at = Math.max(0, from); at <= Math.min(to, whole.length - piece.length); at += 1) {
    let [product, own] = [0, 1e-9]
    for (let i = 0; i < piece.length; i += 1) {
      product += piece[i]! * whole[at + i]!
      own += whole[at + i]! ** 2
    }
    const score = product / Math.sqrt(own * energy)
    if (score > best.score) best = { at, score }
  }
  return best
}

function quartered(pcm: Int16Array): Int16Array {
  return Int16Array.from({ length: Math.floor(pcm.length / 4) }, (_, i) => (pcm[i * 4]! + pcm[i * 4 + 1]! + pcm[i * 4 + 2]! + pcm[i * 4 + 3]!) / 4)
}

function rms(pcm: Int16Array, from: number, length: number): number {
  let sum = 0
  for (let i = from; i < from + length; i += 1) sum += (pcm[i] ?? 0) ** 2
  return Math.sqrt(sum / length)
}
