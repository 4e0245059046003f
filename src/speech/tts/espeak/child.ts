// The program that speaks. Knows eSpeak and the frames on its stdin and stdout. Shares no memory with the server: eSpeak is GPL-3.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { SAMPLE_RATE_HZ } from '../../../media/frame.ts'
import { Resampler } from '../../../media/resample.ts'
import { gainToTarget, Limiter } from './loudness.ts'
import { type ChildFrame, type ChildRequest, encodeFrame } from './protocol.ts'
import { ESPEAK_RATE_HZ, openSynthesizer, type Synthesizer, type Utterance } from './synthesizer.ts'
import { SilenceTrimmer } from './trim.ts'

type Job = Extract<ChildRequest, { op: 'speak' }> & { next: number; limiter: Limiter | undefined }

/** The level of a voice is measured once on these syllables, so that a voice is equally loud in every sentence and child. */
const calibration = { language: 'pinyin', text: 'nin2 hao3 qing3 wen4 shi4 zhang1 xian1 sheng5 ma5' } as const
const CALIBRATION_RATE_WPM = 240
/** Bounds what a voice that makes hardly any sound can be amplified by. */
const CALIBRATION_GAIN_MAX = 8

const jobs = new Map<number, Job>()
const voiceGains = new Map<string, number>()
let working = false
const resampler = new Resampler(ESPEAK_RATE_HZ, SAMPLE_RATE_HZ)
const trimmer = new SilenceTrimmer()

// `closed` covers a server that was killed: the kernel closes its end, and this process must not stay behind.
const lines = createInterface({ input: process.stdin })
lines.on('close', () => process.exit(0))
// Ctrl-C and the stop of a service manager reach the whole group; the server says when to stop by closing stdin.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

let synthesizer: Synthesizer
try {
  const only = process.argv[2]
  synthesizer = await openSynthesizer(only === 'wasm' || only === 'program' ? only : undefined)
} catch (error) {
  send({ type: 'unavailable', id: 0, message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
lines.on('line', (line) => accept(JSON.parse(line) as ChildRequest))
send({ type: 'ready', id: 0, engine: synthesizer.engine })

function accept(request: ChildRequest): void {
  if (request.op === 'cancel') {
    jobs.delete(request.id)
    return
  }
  jobs.set(request.id, { ...request, next: 0, limiter: undefined })
  if (!working) void work()
}

/** One part of each job in turn, so that a long text does not hold up a short one; stdin is read in between. */
async function work(): Promise<void> {
  working = true
  while (jobs.size > 0) {
    for (const job of jobs.values()) {
      try {
        await speakNextPart(job)
      } catch (error) {
        jobs.delete(job.id)
        send({ type: 'failed', id: job.id, message: error instanceof Error ? error.message : String(error) })
      }
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
  working = false
}

async function speakNextPart(job: Job): Promise<void> {
  const part = job.parts[job.next]
  job.next += 1
  if (part) {
    if (part.text !== '') {
      job.limiter ??= new Limiter(job.gain * (await voiceGain(job.voice)))
      const limiter = job.limiter
      await speakTrimmed({ ...part, variant: job.voice, rateWpm: job.rateWpm }, (pcm) => sendAudio(job.id, limiter.push(pcm)))
      sendAudio(job.id, limiter.flush())
    }
    // No pause after the last sound: whoever speaks next decides how long to wait.
    if (job.next < job.parts.length) sendAudio(job.id, new Int16Array(Math.round((part.pauseMs * SAMPLE_RATE_HZ) / 1_000)))
  }
  if (job.next >= job.parts.length && jobs.delete(job.id)) send({ type: 'done', id: job.id })
}

/** 8 kHz audio of one part without the silence that eSpeak puts around it. Parts are spoken one after the other, so all share one filter. */
async function speakTrimmed(utterance: Utterance, onPcm: (pcm: Int16Array) => void): Promise<void> {
  try {
    await synthesizer.speak(utterance, (pcm) => onPcm(trimmer.push(resampler.push(pcm))))
  } finally {
    onPcm(trimmer.push(resampler.flush()))
    onPcm(trimmer.flush())
  }
}

async function voiceGain(variant: string): Promise<number> {
  const known = voiceGains.get(variant)
  if (known !== undefined) return known
  const samples: number[] = []
  await speakTrimmed({ ...calibration, variant, rateWpm: CALIBRATION_RATE_WPM }, (pcm) => {
    for (const sample of pcm) samples.push(sample)
  })
  const gain = Math.min(CALIBRATION_GAIN_MAX, gainToTarget(Int16Array.from(samples)))
  voiceGains.set(variant, gain)
  return gain
}

function sendAudio(id: number, pcm: Int16Array): void {
  if (pcm.length > 0 && jobs.has(id)) send({ type: 'audio', id, pcm })
}

/** Writes at once: the synthesiser holds the thread, so an asynchronous write would leave only after the whole part. */
function send(frame: ChildFrame): void {
  const bytes = encodeFrame(frame)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue
      process.exit(0) // nobody listens any more
    }
  }
}
