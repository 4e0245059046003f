// Knows key presses as RFC 4733 events, both ways, each press once. Does not know sockets or calls.
import type { KeyShape } from './engine.ts'
import { timestampDistance, type RtpPacket } from './rtp.ts'

const KEYS = '0123456789*#ABCD'
/** How long a key we send is held if not said otherwise, and the pause after it: what interactive voice systems accept without doubt. */
const TONE_MS = 100
const PAUSE_MS = 100
/** RFC 4733 §2.5.1.4: the last packet is sent three times. */
const END_PACKETS = 3
const LEVEL_DBM0 = -10
const DURATION_SAMPLES_MAX = 0xffff
const QUEUED_KEYS_MAX = 64
/** Packets of one press come at most this far apart. */
const SAME_PRESS_MS_MAX = 150

export type TelephoneEvent = { key: string; ended: boolean; durationSamples: number }

/** RFC 4733 §2.3    0: event(8)    1: E(1) R(1) volume(6)    2-3: duration(16) in timestamp units */
export function parseTelephoneEvent(payload: Uint8Array): TelephoneEvent | undefined {
  if (payload.length < 4) return undefined
  const key = KEYS[payload[0]!]
  if (key === undefined) return undefined // 16 is hook flash, the rest are not keys either
  return { key, ended: (payload[1]! & 0x80) !== 0, durationSamples: (payload[2]! << 8) | payload[3]! }
}

export function isKeys(digits: string): boolean {
  return digits.length <= QUEUED_KEYS_MAX && /^[0-9*#A-D]+$/.test(digits)
}

type Press = { key: string; ssrc: number; timestamp: number; durationSamples: number; ended: boolean; atMs: number }

/** Turns event packets into key presses: every press is told on its first packet seen and never again. */
export class TelephoneEventReceiver {
  #last: Press | undefined

  /** The key, when this packet is the first seen of a press. */
  accept(packet: RtpPacket, atMs: number): string | undefined {
    const event = parseTelephoneEvent(packet.payload)
    if (event === undefined) return undefined
    const last = this.#last
    if (last !== undefined && last.ssrc === packet.ssrc) {
      const distance = timestampDistance(packet.timestamp, last.timestamp)
      // Reordered leftovers of an earlier press; an old timestamp long after is a sender that restarted its clock.
      if (distance < 0 && atMs - last.atMs < SAME_PRESS_MS_MAX) return undefined
      if (this.#continues(last, event, packet, distance, atMs)) {
        last.ended ||= event.ended
        last.durationSamples = event.durationSamples
        last.timestamp = packet.timestamp
        last.atMs = atMs
        return undefined
      }
    }
    this.#last = { key: event.key, ssrc: packet.ssrc, timestamp: packet.timestamp, durationSamples: event.durationSamples, ended: event.ended, atMs }
    return event.key
  }

  #continues(last: Press, event: TelephoneEvent, packet: RtpPacket, distance: number, atMs: number): boolean {
    if (event.key !== last.key) return false
    if (distance === 0) return true
    if (atMs - last.atMs > SAME_PRESS_MS_MAX) return false
    // Beyond 8 s a press goes on in a new segment (RFC 4733 §2.5.1.3).
    if (!last.ended && distance === last.durationSamples && last.durationSamples === DURATION_SAMPLES_MAX) return true
    // Some gateways move the timestamp with every packet of one press: they never mark those, and repeat only ends after an end.
    return !packet.marker && (!last.ended || event.ended)
  }
}

/** One packet to send in place of audio; `pause` asks for silence. */
export type TelephoneEventStep = { type: 'event'; payload: Uint8Array; timestamp: number; marker: boolean } | { type: 'pause' }

type KeyWaiting = { key: string; toneMs: number; levelDbm0: number }
type KeyGoingOut = KeyWaiting & { begin: number; heldMs: number; durationSamples: number; endsSent: number; pausedMs: number }

/** Spells queued keys as event packets, one step per packet time. */
export class TelephoneEventSender {
  #waiting: KeyWaiting[] = []
  #current: KeyGoingOut | undefined

  /** Keys beyond the limit of 64 waiting are dropped; callers check `isKeys` first. */
  queue(keys: string, { toneMs = TONE_MS, levelDbm0 = LEVEL_DBM0 }: KeyShape = {}): void {
    for (const key of keys) if (this.#waiting.length < QUEUED_KEYS_MAX) this.#waiting.push({ key, toneMs, levelDbm0 })
  }

  /** What goes out in this packet time, or undefined when no key is waiting. `timestamp` is that of the audio packet it replaces; durations count `unitsPerMs`. */
  next(timestamp: number, packetMs: number, unitsPerMs = 8): TelephoneEventStep | undefined {
    const marker = this.#current === undefined
    if (this.#current === undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) return undefined
      this.#current = { ...next, begin: timestamp, heldMs: 0, durationSamples: 0, endsSent: 0, pausedMs: 0 }
    }
    const current = this.#current
    if (current.endsSent === END_PACKETS) {
      current.pausedMs += packetMs
      if (current.pausedMs >= PAUSE_MS) this.#current = undefined
      return { type: 'pause' }
    }
    if (current.heldMs < current.toneMs) {
      // The repeated end packets all carry the duration of the first one.
      current.heldMs += packetMs
      current.durationSamples = Math.min(current.durationSamples + packetMs * unitsPerMs, DURATION_SAMPLES_MAX)
    }
    const ended = current.heldMs >= current.toneMs
    if (ended) current.endsSent += 1
    const payload = Uint8Array.of(
      KEYS.indexOf(current.key),
      (ended ? 0x80 : 0) | -current.levelDbm0,
      current.durationSamples >> 8,
      current.durationSamples & 0xff,
    )
    return { type: 'event', payload, timestamp: current.begin, marker }
  }
}
