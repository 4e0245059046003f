// Measures the built-in recogniser: CPU per second of audio, delay of finals, voice activity detection. Prints one JSON line.
//
//   node bench/recogniser.ts [calls]     (default 8; they talk at once, in real time)
import { performance } from 'node:perf_hooks'
import { FRAME_MS, nowMs } from '../src/media/frame.ts'
import { CallRecogniser } from '../src/speech/asr/builtin/call-recogniser.ts'
import { framesOf, speechFixtures } from '../src/speech/asr/builtin/fixtures.ts'
import { loadLexicon } from '../src/speech/asr/builtin/lexicon-file.ts'
import { loadModel } from '../src/speech/asr/builtin/model-file.ts'
import { PhraseGrammar } from '../src/speech/asr/builtin/phrase-grammar.ts'
import { BuiltinAsr, builtinAsrDefaults } from '../src/speech/asr/builtin/provider.ts'
import { EnergyVad } from '../src/media/vad.ts'

const DIGITS = '零一二三四五六七八九'
/** As many phrases as a rich script expects. */
const PHRASES = Array.from({ length: 600 }, (_, i) => `我要预约${Array.from(String(i), (digit) => DIGITS[Number(digit)]).join('')}号`)
const ROUNDS = 5
const recordings = speechFixtures().map(({ pcm, ...rest }) => ({ ...rest, frames: framesOf(pcm) }))
const audioSeconds = recordings.reduce((sum, { frames }) => sum + frames.length, 0) * (FRAME_MS / 1000)

const rounded = (value: number) => Math.round(value * 100) / 100
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** One recogniser on this thread: median of ROUNDS after a warm-up round. */
function measureCpu(): { cpuMsPerAudioSecond: number; flushMsMedian: number; flushMsMax: number } {
  const directory = builtinAsrDefaults.modelDirectory
  const model = loadModel(directory)
  const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)
  const recogniser = new CallRecogniser(model, lexicon, new PhraseGrammar(PHRASES, lexicon))
  const perSecond: number[] = []
  const flushMs: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const used = cpuMs(() => {
      for (const { frames } of recordings) {
        for (const frame of frames) recogniser.accept(frame)
        const begin = performance.now()
        recogniser.flush()
        if (round > 0) flushMs.push(performance.now() - begin)
      }
    })
    if (round > 0) perSecond.push(used / audioSeconds)
  }
  return { cpuMsPerAudioSecond: quantile(perSecond, 0.5), flushMsMedian: quantile(flushMs, 0.5), flushMsMax: quantile(flushMs, 1) }
}

function measureVad(): { vadMicrosecondsPerFrame: number } {
  const frames = recordings.flatMap((recording) => recording.frames)
  const perFrame = Array.from({ length: ROUNDS + 1 }, () => {
    const vad = new EnergyVad()
    return (1000 * cpuMs(() => frames.forEach((frame) => vad.push(frame)))) / frames.length
  })
  return { vadMicrosecondsPerFrame: quantile(perFrame.slice(1), 0.5) }
}

/** Calls that talk in real time through the provider: from endUtterance() to the final. */
async function measureProvider(calls: number): Promise<{ warmUpMs: number; finalMsMedian: number; finalMsP95: number; finals: number; textsRight: number; droppedFrames: number }> {
  await using provider = new BuiltinAsr()
  const begin = nowMs()
  await provider.warmUp()
  const warmUpMs = rounded(nowMs() - begin)
  const finalMs: number[] = []
  let right = 0
  const talk = async (call: number) => {
    let answered = (_text: string) => {}
    using stream = provider.open({ hotWords: [], phrases: PHRASES, onEvent: (event) => event.type === 'final' && answered(event.text) })
    // Calls do not begin in the same instant.
    await new Promise((resolve) => setTimeout(resolve, (call * 137) % 500))
    for (let k = 0; k < 4; k++) {
      const { frames, text } = recordings[(call + k) % recordings.length]!
      const first = nowMs()
      for (const [i, frame] of frames.entries()) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, first + i * FRAME_MS - nowMs())))
        stream.push(frame, first + i * FRAME_MS)
      }
      const asked = nowMs()
      const heard = await new Promise<string>((resolve) => {
        answered = resolve
        stream.endUtterance()
      })
      finalMs.push(nowMs() - asked)
      if (heard === text.replaceAll('，', '')) right++
    }
  }
  await Promise.all(Array.from({ length: calls }, (_, call) => talk(call)))
  return { warmUpMs, finalMsMedian: quantile(finalMs, 0.5), finalMsP95: quantile(finalMs, 0.95), finals: finalMs.length, textsRight: right, droppedFrames: provider.stats.droppedFrames }
}

const calls = Number(process.argv[2] ?? 8)
const result = { bench: 'recogniser', node: process.version, audioSeconds: rounded(audioSeconds), phrases: PHRASES.length, calls, ...measureCpu(), ...measureVad(), ...(await measureProvider(calls)) }
console.log(JSON.stringify(result))
