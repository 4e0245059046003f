// Knows offers and answers of one audio stream (RFC 3264): codecs, keys, hold. Does not know sockets or audio.
import { isIPv6 } from 'node:net'
import { agreedCrypto, answerCrypto, offerCrypto, writeCrypto, type SdpCrypto, type SrtpKeys } from './sdp-crypto.ts'
import { codecOf, defaultCodecs, eventsFor, formatsOf, opusWishes, packetTime, PTIME_MS_DEFAULT, PTIME_MS_MAX, writeFormat, type SdpCodec } from './sdp-formats.ts'
import { parseSdp, type SdpAudio, type SdpDirection, type SdpFormat } from './sdp-parse.ts'

/** Where and how the far end wants audio: structurally what a media port's `connect` takes. */
export type RemoteAudio = {
  /** `0.0.0.0` or `::` when put on hold the old way; then `send` is false. */
  address: string
  port: number
  codec: SdpCodec
  payloadType: number
  eventPayloadType?: number | undefined
  /** When it is not 8000. */
  eventClockRateHz?: number | undefined
  ptimeMs: number
  /** False while the far end does not want to hear us. */
  send: boolean
  rtcpPort?: number | undefined
  rtcpMux?: boolean | undefined
  opus?: { inbandFec: boolean; bitrateMax?: number | undefined } | undefined
  srtp?: SrtpKeys | undefined
}

/**
 * `off`: never encrypted. `required`: encrypted or not at all (RTP/SAVP, RFC 4568).
 * `optional`: offered as RTP/AVP with a=crypto. Who does not know that attribute ignores it, so a call is never refused or delayed for it;
 * who follows RFC 4568 to the letter stays unencrypted. An RTP/SAVP offer would cost a 488 and a second INVITE at most carriers,
 * and two streams to choose from are misread by many.
 */
export const srtpPolicies = ['off', 'optional', 'required'] as const
export type SrtpPolicy = (typeof srtpPolicies)[number]

/** Our own side of a stream. `version` grows by one with each new description in a dialog (RFC 3264 §8). */
export type LocalAudio = {
  address: string
  port: number
  sessionId: number
  version: number
  direction?: SdpDirection | undefined
  ptimeMs?: number | undefined
  /** Offered in this order, and taken from offers. Default: A-law, µ-law. */
  codecs?: readonly SdpCodec[] | undefined
  /** Default `off`. */
  srtp?: SrtpPolicy | undefined
  /** What we described before in this dialog, whose payload types and keys stay (RFC 3264 §8.3.2): from `nextLocalAudio`. */
  before?: { formats: readonly SdpFormat[]; crypto: readonly SdpCrypto[]; rtcpMux: boolean } | undefined
}

/** Offers our codecs and key events on their clocks. */
export function buildOffer(local: LocalAudio): string {
  const srtp = local.srtp ?? 'off'
  return describe(local, {
    protocol: srtp === 'required' ? 'RTP/SAVP' : 'RTP/AVP',
    formats: local.before?.formats ?? formatsOf(local.codecs ?? defaultCodecs),
    crypto: srtp === 'off' ? [] : (local.before?.crypto ?? offerCrypto()),
    direction: local.direction ?? 'sendrecv',
    rtcpMux: local.before?.rtcpMux ?? false,
    streams: [undefined],
  })
}

/**
 * Answers an offer: its first audio stream that suits us, the first codec of theirs that we speak, under their payload type numbers,
 * the direction mirrored, every other stream refused.
 * Undefined when there is no audio stream, no codec in common or no agreement on encryption (488). Errors: ProtocolError for an unreadable offer.
 */
export function buildAnswer(offerText: string, local: LocalAudio): { sdp: string; remote: RemoteAudio } | undefined {
  const { media } = parseSdp(offerText)
  for (const stream of media) {
    const { audio } = stream
    const remote = audio && remoteAudio(audio, codecsOf(local))
    const secured = audio && secure(audio, local)
    if (!audio || !remote || !secured) continue
    const formats = [remote.payloadType, remote.eventPayloadType].map((type) => audio.formats.find(({ payloadType }) => payloadType === type)).filter((format) => format !== undefined)
    const direction = narrow(mirrored[wanted(audio)], local.direction ?? 'sendrecv')
    const sdp = describe(local, {
      protocol: stream.protocol,
      formats,
      crypto: secured.crypto,
      direction,
      rtcpMux: audio.rtcpMux,
      streams: media.map((other) => (other === stream ? undefined : `m=${other.kind} 0 ${other.protocol} ${other.formats}`)),
    })
    const send = remote.send && (direction === 'sendrecv' || direction === 'sendonly')
    return { sdp, remote: { ...remote, ...(secured.keys && { srtp: secured.keys }), send } }
  }
  return undefined
}

/** Our own side as we described it last, ready for the next description. Undefined when `text` has no audio. */
export function nextLocalAudio(text: string): LocalAudio | undefined {
  const { media, sessionId, version } = parseSdp(text)
  // In an answer, the streams that we refused have port 0.
  const audio = media.find((stream) => stream.audio && stream.audio.port !== 0)?.audio ?? media.find((stream) => stream.audio)?.audio
  if (!audio) return undefined
  const { address, port, formats, crypto, rtcpMux, ptimeMs } = audio
  return {
    address,
    port,
    sessionId: Number(sessionId) || 0,
    version: (Number(version) || 0) + 1,
    ptimeMs,
    srtp: audio.secure ? 'required' : crypto.length > 0 ? 'optional' : 'off',
    before: { formats, crypto, rtcpMux },
  }
}

/**
 * What a description of the far end, offer or answer, asks of our sending side. `ownText` is our side of the same exchange, whose codecs
 * and keys decide; without it only A-law and µ-law, unencrypted, are understood.
 * Undefined when the stream is refused, no codec is ours, or what we required encrypted is not.
 */
export function remoteAudioOf(text: string, ownText?: string): RemoteAudio | undefined {
  const own = ownText === undefined ? undefined : nextLocalAudio(ownText)
  for (const { audio } of parseSdp(text).media) {
    const remote = audio && remoteAudio(audio, own ? codecsOf(own) : defaultCodecs)
    if (!audio || !remote) continue
    const srtp = agreedCrypto(own?.before?.crypto ?? [], audio.crypto)
    if (!srtp && (audio.secure || own?.srtp === 'required')) continue
    return srtp ? { ...remote, srtp } : remote
  }
  return undefined
}

/** What may come in an offer: what we described before or are told to, and in a call that runs the usual ones too. */
function codecsOf(local: LocalAudio): readonly SdpCodec[] {
  if (!local.before) return local.codecs ?? defaultCodecs
  return [...local.before.formats.map(codecOf).filter((codec) => codec !== undefined), ...defaultCodecs]
}

/** Undefined when there is no agreement. An offer that merely allows encryption is taken up unless we are told not to. */
function secure(audio: SdpAudio, local: LocalAudio): { crypto: SdpCrypto[]; keys?: SrtpKeys } | undefined {
  const policy = local.srtp ?? 'off'
  const answer = policy === 'off' ? undefined : answerCrypto(audio.crypto, local.before?.crypto)
  if (answer) return { crypto: [answer.line], keys: answer.keys }
  return audio.secure || policy === 'required' ? undefined : { crypto: [] }
}

function remoteAudio(audio: SdpAudio, codecs: readonly SdpCodec[]): RemoteAudio | undefined {
  if (audio.port === 0) return undefined
  for (const format of audio.formats) {
    const codec = codecOf(format)
    if (!codec || !codecs.includes(codec)) continue
    const direction = wanted(audio)
    const event = eventsFor(codec, audio.formats)
    return {
      address: audio.address,
      port: audio.port,
      codec,
      payloadType: format.payloadType,
      eventPayloadType: event?.payloadType,
      ...(event && event.clockRateHz !== 8_000 ? { eventClockRateHz: event.clockRateHz } : {}),
      ptimeMs: packetTime(codec, audio.ptimeMs, audio.maxptimeMs),
      send: direction === 'sendrecv' || direction === 'recvonly',
      ...(audio.rtcpPort === undefined ? {} : { rtcpPort: audio.rtcpPort }),
      ...(audio.rtcpMux ? { rtcpMux: true } : {}),
      ...(codec === 'opus' ? { opus: opusWishes(format) } : {}),
    }
  }
  return undefined
}

/** The direction the far end means, seen from itself: a null address takes away its hearing. */
function wanted(audio: SdpAudio): SdpDirection {
  if (!audio.nullAddress) return audio.direction
  return audio.direction === 'sendrecv' || audio.direction === 'sendonly' ? 'sendonly' : 'inactive'
}

/** RFC 3264 §6.1. */
const mirrored: Readonly<Record<SdpDirection, SdpDirection>> = { sendonly: 'recvonly', recvonly: 'sendonly', sendrecv: 'sendrecv', inactive: 'inactive' }

/** What both of two directions allow. */
function narrow(a: SdpDirection, b: SdpDirection): SdpDirection {
  const send = [a, b].every((direction) => direction === 'sendrecv' || direction === 'sendonly')
  const receive = [a, b].every((direction) => direction === 'sendrecv' || direction === 'recvonly')
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive'
}

type Description = {
  protocol: string
  formats: readonly SdpFormat[]
  crypto: readonly SdpCrypto[]
  direction: SdpDirection
  rtcpMux: boolean
  /** The m= lines of refused streams; undefined stands where ours goes. */
  streams: readonly (string | undefined)[]
}

function describe(local: LocalAudio, { protocol, formats, crypto, direction, rtcpMux, streams }: Description): string {
  const family = `IN ${isIPv6(local.address) ? 'IP6' : 'IP4'} ${local.address}`
  const lines = ['v=0', `o=- ${local.sessionId} ${local.version} ${family}`, 's=-', `c=${family}`, 't=0 0']
  for (const stream of streams) {
    if (stream !== undefined) {
      lines.push(stream)
      continue
    }
    lines.push(`m=audio ${local.port} ${protocol} ${formats.map(({ payloadType }) => payloadType).join(' ')}`)
    lines.push(...crypto.map(writeCrypto), ...formats.flatMap(writeFormat))
    if (rtcpMux) lines.push('a=rtcp-mux')
    lines.push(`a=ptime:${local.ptimeMs ?? PTIME_MS_DEFAULT}`)
    // An Opus packet may last 120 ms, which is more delay than talk bears.
    if (formats.some(({ encoding }) => encoding === 'OPUS')) lines.push(`a=maxptime:${PTIME_MS_MAX}`)
    lines.push(`a=${direction}`)
  }
  return `${lines.join('\r\n')}\r\n`
}
