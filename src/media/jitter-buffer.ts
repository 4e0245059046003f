// Knows how packets that come early, late, twice or never become a steady row of frames. Does not know sockets or codecs.
import { ComfortNoise } from './comfort-noise.ts'
import { CONCEALMENT_HISTORY_SAMPLES, Concealment } from './concealment.ts'
import { FRAME_SAMPLES, type Frame } from './frame.ts'
import { timestampDistance, type RtpPacket } from './rtp.ts'
import { SequenceTracker } from './sequence.ts'

/** Power of two: a timestamp's place is its low bits. About a second. */
const RING_SAMPLES = 8_192
/** A packet further from the playing position than this is a jump of the sender's clock. */
const JUMP_SAMPLES = 6_400
/** The rest of a longer packet is dropped. With JUMP_SAMPLES it must fit the ring. */
const PACKET_SAMPLES_MAX = 1_600
const SAMPLES_PER_MS = 8

export const jitterBufferDefaults = {
  delayMsMin: 20,
  delayMsMax: 120,
  /** First cut, before anything is known of the line. */
  delayMsInitial: 40,
} as const

/** On top of the measured jitter: our own tick, and the far end's. */
const MARGIN_MS = 10
/** Packets remembered to judge the jitter: 2.5 s of 20 ms packets. */
const TRANSITS = 128
const TRANSITS_MIN = 10
/** The delay is judged anew after this many packets. */
const JUDGE_EVERY = 16
const LATE_QUANTILE = 0.97
/** The delay rises at once and falls by this much per judgement (some 6 ms a second): bad seconds seldom come alone. */
const FALL_MS_MAX = 2
/** Larger than this, the delay is cut at once; smaller surplus waits for a quiet moment. */
const SURPLUS_MS_MAX = 150
/** A surplus up to this is kept, so that cuts and additions do not take turns. Not below ADJUST_SAMPLES_MAX. */
const SURPLUS_MS_KEPT = 12
/** What is cut or added in one frame of quiet. */
const ADJUST_SAMPLES_MAX = 80
/** Packets that keep coming late for this long mean that the playing position is wrong, not that the line is slow. */
const LATE_MS_MAX = 100
const QUIET_LEVEL = 200
/** Packets of the stream before are strays for this long after a change of SSRC. */
const STRAY_SSRC_MS = 200

export type JitterBufferStats = {
  packetsReceived: number
  packetsLost: number
  packetsLate: number
  packetsDuplicate: number
  /** Samples made up over holes. */
  concealedSamples: number
  jitterMs: number
  /** The delay aimed at now. */
  delayMs: number
}

/**
 * Audio lies in a ring by timestamp, so order, packet times and overlaps take care of themselves;
 * a cursor moves through it by one frame per `pop`. Times are milliseconds on any one clock.
 */
export class JitterBuffer {
  readonly #ring = new Int16Array(RING_SAMPLES)
  readonly #filled = new Uint8Array(RING_SAMPLES)
  /** Past output, then the frame being made. */
  readonly #line = new Int16Array(CONCEALMENT_HISTORY_SAMPLES + FRAME_SAMPLES)
  /** The frame that is handed out: the end of the line. */
  readonly #frame: Frame = this.#line.subarray(CONCEALMENT_HISTORY_SAMPLES)
  readonly #concealment = new Concealment()
  readonly #noise = new ComfortNoise()
  readonly #sequence = new SequenceTracker()

  #ssrc: number | undefined
  #ssrcBefore: number | undefined
  #lastArrivalMs = 0
  /** Timestamp of the next sample to play. */
  #cursor = 0
  /** Everything before this timestamp is empty in the ring. */
  #clearedTo = 0
  /** From this timestamp on the sender told that it is silent; undefined while it talks. */
  #silentFrom: number | undefined
  #lateSinceMs: number | undefined

  /** Transit times: arrival minus timestamp, both since the anchor. */
  #anchorMs = 0
  #anchorTimestamp = 0
  readonly #transits = new Float64Array(TRANSITS)
  #transitCount = 0
  #transitMs: number | undefined
  #fastestMs = 0
  #targetMs: number = jitterBufferDefaults.delayMsInitial

  #late = 0
  #duplicate = 0
  #concealed = 0
  #jitterMs = 0

  get stats(): JitterBufferStats {
    return {
      packetsReceived: this.#sequence.received,
      packetsLost: this.#sequence.lost,
      packetsLate: this.#late,
      packetsDuplicate: this.#duplicate,
      concealedSamples: this.#concealed,
      jitterMs: this.#jitterMs,
      delayMs: this.#targetMs,
    }
  }

  /** The source heard now, as RTCP reports on it; undefined before the first packet. */
  get source(): { ssrc: number; highestSequence: number; expected: number; received: number; jitterMs: number } | undefined {
    if (this.#ssrc === undefined) return undefined
    const { highest, expected, received } = this.#sequence.here
    return { ssrc: this.#ssrc, highestSequence: highest, expected, received, jitterMs: this.#jitterMs }
  }

  /** Takes the decoded audio of one packet, of any length up to 200 ms. */
  push(packet: Omit<RtpPacket, 'payload'>, pcm: Int16Array, arrivalMs: number): void {
    if (!this.#admit(packet, arrivalMs)) return
    const { timestamp } = packet
    const ahead = timestampDistance(timestamp, this.#cursor)
    if (Math.abs(ahead) > JUMP_SAMPLES) return this.#placeAfterJump(timestamp, pcm, arrivalMs)
    this.#measure(timestamp, arrivalMs)
    if (ahead + pcm.length <= 0) {
      this.#late += 1
      this.#lateSinceMs ??= arrivalMs
      if (arrivalMs - this.#lateSinceMs >= LATE_MS_MAX) this.#placeAfterJump(timestamp, pcm, arrivalMs)
      return
    }
    this.#lateSinceMs = undefined
    this.#place(timestamp, pcm, Math.max(0, -ahead))
  }

  /** Fills a hole with audio that was made up for a lost packet; what came in the meantime, or was played, stays. */
  patch(timestamp: number, pcm: Int16Array): void {
    const ahead = timestampDistance(timestamp, this.#cursor)
    if (ahead > JUMP_SAMPLES) return
    for (let i = Math.max(0, -ahead); i < pcm.length; i += 1) {
      const at = (timestamp + i) & (RING_SAMPLES - 1)
      if (this.#filled[at]) continue
      this.#ring[at] = pcm[i]!
      this.#filled[at] = 1
    }
  }

  /** Takes a packet that says "no audio from here": comfort noise (RFC 3389) of a level, or a telephone event without. */
  pushSilence(packet: Omit<RtpPacket, 'payload'>, arrivalMs: number, noiseDbov?: number): void {
    if (!this.#admit(packet, arrivalMs)) return
    if (noiseDbov !== undefined || this.#silentFrom === undefined) this.#noise.levelDbov = noiseDbov
    if (this.#silentFrom === undefined || timestampDistance(packet.timestamp, this.#silentFrom) < 0) this.#silentFrom = packet.timestamp
  }

  /** The next 20 ms, to be called once per 20 ms of `nowMs`. Undefined until the first packet came; from then on there is always a frame, which holds until the next call. */
  pop(nowMs: number): Frame | undefined {
    if (this.#ssrc === undefined) return undefined
    const surplusMs = this.#surplusMs(nowMs)
    if (surplusMs > SURPLUS_MS_MAX) this.#cursor = (this.#cursor + Math.round(surplusMs * SAMPLES_PER_MS)) >>> 0
    else if (surplusMs > SURPLUS_MS_KEPT && this.#isQuiet()) this.#cursor = (this.#cursor + ADJUST_SAMPLES_MAX) >>> 0

    const line = this.#line
    line.copyWithin(0, FRAME_SAMPLES)
    const missing = this.#assemble()
    if (missing === FRAME_SAMPLES && surplusMs < 0) {
      // Nothing to play and too little delay: wait for the audio instead of skipping it.
      return this.#frame
    }
    let advance = FRAME_SAMPLES
    if (missing === 0 && surplusMs < 0 && this.#isQuiet()) {
      // Quiet is played twice to gain delay.
      advance -= Math.min(ADJUST_SAMPLES_MAX, Math.ceil(-surplusMs * SAMPLES_PER_MS))
    }
    this.#clearBehind()
    this.#cursor = (this.#cursor + advance) >>> 0
    return this.#frame
  }

  /** False for packets that must not be heard: duplicates and strays of other streams. */
  #admit(packet: Omit<RtpPacket, 'payload'>, arrivalMs: number): boolean {
    if (packet.ssrc !== this.#ssrc) {
      if (packet.ssrc === this.#ssrcBefore && arrivalMs - this.#lastArrivalMs < STRAY_SSRC_MS) return false
      this.#ssrcBefore = this.#ssrc
      this.#ssrc = packet.ssrc
      this.#sequence.restart()
      this.#startAt(packet.timestamp, arrivalMs)
    }
    const verdict = this.#sequence.accept(packet.sequence)
    if (verdict === 'duplicate') this.#duplicate += 1
    if (verdict === 'duplicate' || verdict === 'stray') return false
    if (verdict === 'restarted') this.#startAt(packet.timestamp, arrivalMs)
    this.#lastArrivalMs = arrivalMs
    return true
  }

  /** Forgets what lies in the ring and plays `timestamp` one delay from now. */
  #startAt(timestamp: number, arrivalMs: number): void {
    this.#filled.fill(0)
    this.#silentFrom = undefined
    this.#lateSinceMs = undefined
    this.#cursor = (timestamp - this.#targetMs * SAMPLES_PER_MS) >>> 0
    this.#clearedTo = this.#cursor
    this.#anchorMs = arrivalMs
    this.#anchorTimestamp = timestamp
    this.#transitCount = 0
    this.#transitMs = undefined
    this.#fastestMs = 0
  }

  #placeAfterJump(timestamp: number, pcm: Int16Array, arrivalMs: number): void {
    this.#startAt(timestamp, arrivalMs)
    this.#measure(timestamp, arrivalMs)
    this.#place(timestamp, pcm, 0)
  }

  #place(timestamp: number, pcm: Int16Array, skip: number): void {
    if (this.#silentFrom !== undefined && timestampDistance(timestamp, this.#silentFrom) >= 0) this.#silentFrom = undefined
    const samples = Math.min(pcm.length, PACKET_SAMPLES_MAX)
    const ring = this.#ring
    const filled = this.#filled
    for (let i = skip; i < samples; i += 1) {
      const at = (timestamp + i) & (RING_SAMPLES - 1)
      ring[at] = pcm[i]!
      filled[at] = 1
    }
  }

  /** Empties what was played or skipped, up to the cursor: what was just played may be played again. */
  #clearBehind(): void {
    const samples = Math.min(timestampDistance(this.#cursor, this.#clearedTo), RING_SAMPLES)
    this.#clearedTo = this.#cursor
    if (samples <= 0) return
    const end = this.#cursor & (RING_SAMPLES - 1)
    this.#filled.fill(0, Math.max(0, end - samples), end)
    // Around the end of the ring.
    if (end < samples) this.#filled.fill(0, RING_SAMPLES - (samples - end))
  }

  /** Builds the frame at the end of the line; returns how many samples had to be made up. */
  #assemble(): number {
    const line = this.#line
    const begin = CONCEALMENT_HISTORY_SAMPLES
    const first = this.#cursor & (RING_SAMPLES - 1)
    if (first + FRAME_SAMPLES <= RING_SAMPLES && this.#isWhole(first)) {
      line.set(this.#ring.subarray(first, first + FRAME_SAMPLES), begin)
      this.#concealment.resume(line, begin, begin + FRAME_SAMPLES)
      return 0
    }
    let missing = 0
    let i = 0
    while (i < FRAME_SAMPLES) {
      const runBegin = i
      const filled = this.#filled[(this.#cursor + i) & (RING_SAMPLES - 1)]!
      do {
        if (filled) line[begin + i] = this.#ring[(this.#cursor + i) & (RING_SAMPLES - 1)]!
        i += 1
      } while (i < FRAME_SAMPLES && this.#filled[(this.#cursor + i) & (RING_SAMPLES - 1)] === filled)
      if (filled) {
        this.#concealment.resume(line, begin + runBegin, begin + i)
      } else if (this.#silentFrom !== undefined && timestampDistance((this.#cursor + runBegin) >>> 0, this.#silentFrom) >= 0) {
        this.#noise.write(line, begin + runBegin, begin + i)
        this.#concealment.reset()
      } else {
        this.#concealment.fill(line, begin + runBegin, begin + i)
        missing += i - runBegin
      }
    }
    this.#concealed += missing
    return missing
  }

  #isWhole(first: number): boolean {
    const hole = this.#filled.indexOf(0, first)
    return hole < 0 || hole >= first + FRAME_SAMPLES
  }

  /** Nobody hears a change of timing in what is played at the cursor: it is of low level, or a hole already silent. */
  #isQuiet(): boolean {
    const holesAreSilent = this.#concealment.isSilent || this.#silentFrom !== undefined
    let sum = 0
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const at = (this.#cursor + i) & (RING_SAMPLES - 1)
      if (this.#filled[at]) sum += Math.abs(this.#ring[at]!)
      else if (!holesAreSilent) return false
    }
    return sum < QUIET_LEVEL * FRAME_SAMPLES
  }

  /** How much longer than aimed at the fastest packet would wait now. */
  #surplusMs(nowMs: number): number {
    const playedMs = timestampDistance(this.#cursor, this.#anchorTimestamp) / SAMPLES_PER_MS
    return nowMs - this.#anchorMs - playedMs - this.#fastestMs - this.#targetMs
  }

  #measure(timestamp: number, arrivalMs: number): void {
    const transitMs = arrivalMs - this.#anchorMs - timestampDistance(timestamp, this.#anchorTimestamp) / SAMPLES_PER_MS
    // RFC 3550 §6.4.1
    if (this.#transitMs !== undefined) this.#jitterMs += (Math.abs(transitMs - this.#transitMs) - this.#jitterMs) / 16
    this.#transitMs = transitMs
    this.#fastestMs = this.#transitCount === 0 ? transitMs : Math.min(this.#fastestMs, transitMs)
    this.#transits[this.#transitCount % TRANSITS] = transitMs
    this.#transitCount += 1
    if (this.#transitCount < TRANSITS_MIN || this.#transitCount % JUDGE_EVERY !== 0) return
    const known = this.#transits.slice(0, Math.min(this.#transitCount, TRANSITS)).sort()
    this.#fastestMs = known[0]!
    const slowMs = known[Math.floor((known.length - 1) * LATE_QUANTILE)]! - this.#fastestMs
    const { delayMsMin, delayMsMax } = jitterBufferDefaults
    const neededMs = Math.min(delayMsMax, Math.max(delayMsMin, slowMs + MARGIN_MS))
    this.#targetMs = Math.max(neededMs, this.#targetMs - FALL_MS_MAX)
  }
}
