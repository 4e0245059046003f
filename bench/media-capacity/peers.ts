// The far ends of the calls that are measured: each sends 50 packets a second and counts what it hears. A process of its own, told what to do by its parent.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { assertNever } from '../../src/errors.ts'
import { nowMs } from '../../src/media/frame.ts'
import { encodeAlaw } from '../../src/media/g711.ts'
import { startTicks, TICK_MS } from '../../src/media/pacing.ts'
import { writeRtpHeader } from '../../src/media/rtp.ts'
import { talk } from './talk.ts'

export type PeersAsked = { type: 'open'; count: number } | { type: 'send'; to: number[] } | { type: 'begin' } | { type: 'end' } | { type: 'close' }
export type PeersFigures = { sent: number; received: number; lost: number; arrivalErrorMsP99: number }
export type PeersAnswer = { type: 'ports'; ports: number[] } | { type: 'done' } | ({ type: 'figures' } & PeersFigures)

const PACKET_MS = 20
const PACKET_BYTES = 160
const PHASES = PACKET_MS / TICK_MS
const TIME_BUCKETS = 400

class Peer {
  readonly socket: Socket = createSocket('udp4')
  readonly #packet = new Uint8Array(12 + PACKET_BYTES)
  readonly #ssrc: number
  #sequence = 0
  #voiceAt: number
  #heardSequence = -1
  #heardAtMs = 0
  received = 0
  lost = 0

  constructor(ssrc: number) {
    this.#ssrc = ssrc
    this.#voiceAt = (ssrc * 977) % voice.length
    this.socket.on('error', () => {})
    this.socket.on('message', (bytes) => this.#hear(bytes))
  }

  send(): void {
    writeRtpHeader(this.#packet, { marker: false, payloadType: 8, sequence: this.#sequence & 0xffff, timestamp: (this.#sequence * PACKET_BYTES) >>> 0, ssrc: this.#ssrc })
    this.#sequence += 1
    this.#voiceAt = this.#voiceAt + PACKET_BYTES > voice.length - PACKET_BYTES ? 0 : this.#voiceAt + PACKET_BYTES
    this.#packet.set(voice.subarray(this.#voiceAt, this.#voiceAt + PACKET_BYTES), 12)
    this.socket.send(this.#packet, () => {})
  }

  #hear(bytes: Uint8Array): void {
    // Reports come on the ports above; here everything is audio.
    const sequence = (bytes[2]! << 8) | bytes[3]!
    const atMs = performance.now()
    if (this.#heardSequence >= 0) {
      const ahead = (sequence - this.#heardSequence) & 0xffff
      if (ahead === 1) arrivalErrors[Math.min(TIME_BUCKETS, Math.floor(Math.abs(atMs - this.#heardAtMs - PACKET_MS) * 4))]! += 1
      else if (ahead < 0x8000) this.lost += ahead - 1
    }
    this.#heardSequence = sequence
    this.#heardAtMs = atMs
    this.received += 1
  }
}

const voice = encodeAlaw(talk(10))
const arrivalErrors = new Float64Array(TIME_BUCKETS + 1)
let peers: Peer[] = []
let sent = 0
let stop: (() => void) | undefined

async function open(count: number): Promise<number[]> {
  peers = Array.from({ length: count }, (_, i) => new Peer(i + 1))
  for (const peer of peers) peer.socket.bind(0, '127.0.0.1')
  await Promise.all(peers.map((peer) => once(peer.socket, 'listening')))
  return peers.map((peer) => peer.socket.address().port)
}

async function send(to: readonly number[]): Promise<void> {
  await Promise.all(
    peers.map((peer, i) => {
      peer.socket.connect(to[i]!, '127.0.0.1')
      return once(peer.socket, 'connect')
    }),
  )
  let beat = 0
  stop = startTicks(nowMs, (tickMs, dueMs) => {
    for (let due = dueMs; due <= tickMs + 0.5; due += TICK_MS, beat += 1) {
      for (let i = beat % PHASES; i < peers.length; i += PHASES) {
        peers[i]!.send()
        sent += 1
      }
    }
  })
}

function begin(): void {
  sent = 0
  arrivalErrors.fill(0)
  for (const peer of peers) peer.received = peer.lost = 0
}

function figures(): PeersFigures {
  const total = arrivalErrors.reduce((sum, count) => sum + count, 0)
  let left = total * 0.99
  const bucket = arrivalErrors.findIndex((count) => (left -= count) <= 0)
  const sum = (of: (peer: Peer) => number) => peers.reduce((all, peer) => all + of(peer), 0)
  return { sent, received: sum((peer) => peer.received), lost: sum((peer) => peer.lost), arrivalErrorMsP99: (bucket + 1) / 4 }
}

async function obey(asked: PeersAsked): Promise<PeersAnswer> {
  switch (asked.type) {
    case 'open':
      return { type: 'ports', ports: await open(asked.count) }
    case 'send':
      await send(asked.to)
      return { type: 'done' }
    case 'begin':
      begin()
      return { type: 'done' }
    case 'end':
      return { type: 'figures', ...figures() }
    case 'close':
      stop?.()
      for (const peer of peers) peer.socket.close()
      peers = []
      return { type: 'done' }
    default:
      return assertNever(asked)
  }
}

process.on('message', (asked: PeersAsked) => void obey(asked).then((answer) => process.send!(answer)))
process.on('disconnect', () => process.exit())
