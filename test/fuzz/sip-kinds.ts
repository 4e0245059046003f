// Knows how damaged messages, streams, header values and session descriptions go through the parsers, and what parsers may do with them:
// read them, or refuse them with the error of their contract. Does not know calls.
import assert from 'node:assert/strict'
import { type AppError, InvalidInputError, ProtocolError } from '../../src/errors.ts'
import { DigestClient, parseChallenge } from '../../src/sip/digest.ts'
import { parseCSeq, parseNameAddr, parseReason, parseVia, splitOutsideQuotes, viaWithSource } from '../../src/sip/header-values.ts'
import { digitOf, hasForeignBody, sdpOf } from '../../src/sip/message-body.ts'
import { parseMessage, serializeMessage, SipHeaders } from '../../src/sip/message.ts'
import { parseTrunkAddress } from '../../src/sip/resolve.ts'
import { parseSdp } from '../../src/sip/sdp-parse.ts'
import { buildAnswer, nextLocalAudio, remoteAudioOf } from '../../src/sip/sdp.ts'
import { answerInterval, minSeOf, sessionExpiresOf } from '../../src/sip/session-timer.ts'
import { StreamFramer, type Frame } from '../../src/sip/stream-framer.ts'
import { refuseUnreadable } from '../../src/sip/unreadable.ts'
import { formatUri, parseUri, subscriberOf } from '../../src/sip/uri.ts'
import type { Dice, FuzzKind, Probe, Step } from './fuzz-kind.ts'
import { mutateText } from './mutate-text.ts'
import { messageSeeds, sdpSeeds, tortureSeeds, valueSeeds } from './sip-seeds.ts'

const wholeSeeds = [...messageSeeds, ...tortureSeeds]
const local = { address: '10.0.0.1', port: 6_000, sessionId: 1, version: 1 }
const peer = { address: '10.0.0.2', port: 5_060 }
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const step = (text: string): Step => ({ bytes: bytesOf(text), waitMs: 0 })

/** The result, or undefined when it was refused as the contract says. Any other error is a finding. */
function orRefused<T>(act: () => T, refusal: new (...args: never[]) => AppError = ProtocolError): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof refusal) return undefined
    throw error
  }
}

/** Kinds whose case is one input. */
const single = (seeds: readonly string[], take: (bytes: Uint8Array) => void): FuzzKind => ({
  draw: (dice) => [step(mutateText(dice.pick(seeds), dice))],
  play: (steps, probe) => steps.forEach(({ bytes }) => probe.input(bytes, () => take(bytes))),
})

export const message = single(wholeSeeds, (bytes) => {
  const read = orRefused(() => parseMessage(bytes))
  refuseUnreadable(bytes, peer, 'why')
  if (!read) return
  sdpOf(read)
  if (read.kind === 'request') {
    digitOf(read)
    hasForeignBody(read)
  }
  answerInterval(read.headers)
  sessionExpiresOf(read.headers)
  minSeOf(read.headers)
  for (const value of read.headers.all('Via')) orRefused(() => viaWithSource(value, peer))
  // What was read is written, line by line, and read again as the same.
  const written = serializeMessage(read)
  assert.doesNotMatch(written.toString('latin1', 0, written.length - read.body.length), /\r(?!\n)|(?<!\r)\n/)
  const again = parseMessage(written)
  assert.deepEqual({ ...again.envelope, via: again.envelope.via.branch }, { ...read.envelope, via: read.envelope.via.branch })
  assert.deepEqual(Buffer.from(again.body), Buffer.from(read.body))
})

export const values = single(valueSeeds, (bytes) => {
  const text = textOf(bytes)
  for (const read of [parseNameAddr, parseVia, parseCSeq, parseReason, parseChallenge]) orRefused<unknown>(() => read(text))
  splitOutsideQuotes(text, ',')
  const uri = orRefused(() => parseUri(text))
  if (uri) {
    subscriberOf(uri)
    // What we write of an address is an address.
    parseUri(formatUri(uri))
  }
  orRefused(() => parseTrunkAddress(text), InvalidInputError)
  const line = text.replace(/[\r\n]+/g, ' ')
  const headers = new SipHeaders([['WWW-Authenticate', line], ['Proxy-Authenticate', line], ['Session-Expires', line], ['Min-SE', line]])
  const digest = new DigestClient({ username: '1001', password: 'secret' })
  // An answer to a challenge is one header line, whatever the challenge held.
  if (digest.learn(headers)) for (const [, value] of digest.authorize('INVITE', 'sip:carrier.example')) assert.doesNotMatch(value, /[\r\n]/)
  const expires = sessionExpiresOf(headers)
  assert.ok(expires === undefined || Number.isSafeInteger(expires.seconds))
})

export const sdp = single(sdpSeeds, (bytes) => {
  const text = Buffer.from(bytes).toString('utf8')
  orRefused(() => parseSdp(text))
  orRefused(() => nextLocalAudio(text))
  const remote = orRefused(() => remoteAudioOf(text))
  if (remote) {
    assert.ok(Number.isInteger(remote.port) && remote.port > 0 && remote.port <= 65_535, `port ${remote.port}`)
    assert.ok(remote.ptimeMs >= 10 && remote.ptimeMs <= 60, `ptime ${remote.ptimeMs}`)
    assert.ok(remote.payloadType >= 0 && remote.payloadType <= 127, `payload type ${remote.payloadType}`)
  }
  const answer = orRefused(() => buildAnswer(text, local))
  if (!answer) return
  // RFC 3264 §6: an answer has as many streams as its offer, and ours can be read.
  assert.equal(parseSdp(answer.sdp).media.length, parseSdp(text).media.length)
  assert.ok(remoteAudioOf(answer.sdp), 'our answer describes no audio')
})

/** Several messages in one stream, cut anywhere. */
export const stream: FuzzKind = {
  draw(dice) {
    const whole = Array.from({ length: 1 + dice.below(4) }, () => (dice.chance(0.5) ? dice.pick(wholeSeeds) : mutateText(dice.pick(wholeSeeds), dice)))
    const text = whole.join(dice.pick(['', '', '\r\n', '\r\n\r\n']))
    const steps: Step[] = []
    for (let at = 0; at < text.length && steps.length < 50; ) {
      const length = 1 + dice.size(Math.max(2, text.length))
      steps.push(step(steps.length === 49 ? text.slice(at) : text.slice(at, at + length)))
      at += length
    }
    return steps
  },
  play(steps, probe) {
    const cut = frames(steps.map(({ bytes }) => bytes), probe)
    // Where the pieces end changes nothing.
    assert.deepEqual(cut, frames([Buffer.concat(steps.map(({ bytes }) => bytes))], probe))
  },
}

function frames(chunks: readonly Uint8Array[], probe: Probe): { messages: string[]; broken: boolean } {
  const framer = new StreamFramer()
  const messages: string[] = []
  const take = (frame: Frame): void => {
    if (typeof frame === 'string') return
    messages.push(textOf(frame))
    orRefused(() => parseMessage(frame))
  }
  for (const chunk of chunks) {
    const whole = probe.input(chunk, () =>
      orRefused(() => {
        for (const frame of framer.push(chunk)) take(frame)
        return true
      }),
    )
    if (whole === undefined) return { messages, broken: true }
  }
  return { messages, broken: false }
}

/** For kinds that damage messages themselves. */
export function drawMessage(dice: Dice): Buffer {
  return bytesOf(dice.chance(0.15) ? dice.pick(messageSeeds) : mutateText(dice.pick(wholeSeeds), dice))
}
