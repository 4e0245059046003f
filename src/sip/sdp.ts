// Knows the audio part of SDP (RFC 4566, RFC 3264): offers, answers, hold. Does not know sockets or audio.
import { isIPv6 } from 'node:net'
import { ProtocolError } from '../errors.ts'

export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
export type SdpCodec = 'PCMA' | 'PCMU'

/** One entry of an m= line with its rtpmap. `encoding` is upper case. */
export type SdpFormat = { payloadType: number; encoding: string; clockRateHz: number }

/** The audio stream of one side, as its SDP tells. */
export type SdpAudio = {
  address: string
  /** 0: the stream is refused. */
  port: number
  formats: SdpFormat[]
  ptimeMs: number | undefined
  maxptimeMs: number | undefined
  direction: SdpDirection
  /** The c= line is 0.0.0.0 or ::, the old way to put on hold (RFC 3264 §8.4). */
  nullAddress: boolean
}

export type SessionDescription = {
  sessionId: string
  version: string
  /** The first audio stream over plain RTP; undefined when there is none. */
  audio: SdpAudio | undefined
  /** Every m= line in order, because an answer must have as many (RFC 3264 §6). */
  media: { kind: string; protocol: string; formats: string; isAudio: boolean }[]
}

/** Where and how the far end wants audio: structurally what a media port's `connect` takes. */
export type RemoteAudio = {
  /** `0.0.0.0` or `::` when put on hold the old way; then `send` is false. */
  address: string
  port: number
  codec: SdpCodec
  payloadType: number
  eventPayloadType?: number | undefined
  ptimeMs: number
  /** False while the far end does not want to hear us. */
  send: boolean
}

/** Our own side of a stream. `version` grows by one with each new description in a dialog (RFC 3264 §8). */
export type LocalAudio = { address: string; port: number; sessionId: number; version: number; direction?: SdpDirection | undefined; ptimeMs?: number | undefined }

/** Payload types that need no rtpmap (RFC 3551 table 4). */
const staticFormats: Readonly<Record<number, readonly [encoding: string, clockRateHz: number]>> = {
  0: ['PCMU', 8_000], 3: ['GSM', 8_000], 4: ['G723', 8_000], 8: ['PCMA', 8_000], 9: ['G722', 8_000], 13: ['CN', 8_000], 15: ['G728', 8_000], 18: ['G729', 8_000],
}

/** A-law first: it is what carriers here share. */
const ourFormats: readonly { codec: SdpCodec; payloadType: number }[] = [
  { codec: 'PCMA', payloadType: 8 },
  { codec: 'PCMU', payloadType: 0 },
]
const OUR_EVENT_PAYLOAD_TYPE = 101
const PTIME_MS_DEFAULT = 20
const PTIME_MS_MIN = 10
const PTIME_MS_MAX = 60
const LINES_MAX = 512
const MEDIA_MAX = 16
const FORMATS_MAX = 64

/** Errors: ProtocolError when it is no SDP, an m= or c= line cannot be read, or a limit is passed. Unknown lines are skipped. */
export function parseSdp(text: string): SessionDescription {
  const lines = text.split(/\r?\n/)
  if (lines.length > LINES_MAX) throw new ProtocolError('sdp', 'too many lines')
  if (!lines[0]?.startsWith('v=')) throw new ProtocolError('sdp', 'does not begin with v=')
  let sessionAddress: string | undefined
  let sessionDirection: SdpDirection = 'sendrecv'
  let origin: string[] = []
  const sections: { line: string; lines: string[] }[] = []
  for (const line of lines) {
    if (line.startsWith('m=')) {
      if (sections.length === MEDIA_MAX) throw new ProtocolError('sdp', 'too many streams')
      sections.push({ line, lines: [] })
    } else if (sections.length > 0) sections.at(-1)!.lines.push(line)
    else if (line.startsWith('c=')) sessionAddress = parseConnection(line)
    else if (line.startsWith('o=')) origin = line.slice(2).trim().split(/\s+/)
    else sessionDirection = directionOf(line) ?? sessionDirection
  }
  const media: SessionDescription['media'] = []
  let audio: SdpAudio | undefined
  for (const section of sections) {
    const match = /^m=(\S+)\s+(\d{1,5})(?:\/\d+)?\s+(\S+)\s*(.*)$/.exec(section.line)
    if (!match || Number(match[2]) > 65_535) throw new ProtocolError('sdp', 'unreadable m= line')
    const [kind, port, protocol, formats] = [match[1]!, Number(match[2]), match[3]!, match[4]!.trim()]
    const isAudio = audio === undefined && kind === 'audio' && (protocol === 'RTP/AVP' || protocol === 'RTP/AVPF')
    media.push({ kind, protocol, formats, isAudio })
    if (isAudio) audio = parseAudio(section.lines, port, formats, sessionAddress, sessionDirection)
  }
  return { sessionId: origin[1] ?? '0', version: origin[2] ?? '0', audio, media }
}

function parseAudio(lines: readonly string[], port: number, formatList: string, sessionAddress: string | undefined, sessionDirection: SdpDirection): SdpAudio {
  let address = sessionAddress
  let direction = sessionDirection
  let ptimeMs: number | undefined
  let maxptimeMs: number | undefined
  const maps = new Map<number, readonly [string, number]>()
  for (const line of lines) {
    if (line.startsWith('c=')) address = parseConnection(line)
    direction = directionOf(line) ?? direction
    const map = /^a=rtpmap:(\d{1,3})\s+([^/\s]{1,32})\/(\d{1,6})/.exec(line)
    if (map) maps.set(Number(map[1]), [map[2]!.toUpperCase(), Number(map[3])])
    const time = /^a=(max)?ptime:\s*(\d{1,4})/.exec(line)
    if (time?.[1] === 'max') maxptimeMs = Number(time[2])
    else if (time) ptimeMs = Number(time[2])
  }
  const formats: SdpFormat[] = []
  for (const text of formatList.split(/\s+/).slice(0, FORMATS_MAX)) {
    const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : 128
    const known = maps.get(payloadType) ?? staticFormats[payloadType]
    if (payloadType < 128 && known) formats.push({ payloadType, encoding: known[0], clockRateHz: known[1] })
  }
  if (address === undefined) {
    if (port !== 0) throw new ProtocolError('sdp', 'stream without c= line')
    address = '0.0.0.0'
  }
  return { address, port, formats, ptimeMs, maxptimeMs, direction, nullAddress: address === '0.0.0.0' || address === '::' }
}

function parseConnection(line: string): string {
  const match = /^c=\s*IN\s+IP[46]\s+([\w.:-]{1,255})/i.exec(line)
  if (!match) throw new ProtocolError('sdp', 'unreadable c= line')
  return match[1]!
}

function directionOf(line: string): SdpDirection | undefined {
  const match = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line)
  return match?.[1] as SdpDirection | undefined
}

/** Offers A-law, µ-law and telephone events. */
export function buildOffer(local: LocalAudio): string {
  return describe(
    local,
    [...ourFormats.map(({ codec, payloadType }) => ({ payloadType, encoding: codec, clockRateHz: 8_000 })), eventFormat(OUR_EVENT_PAYLOAD_TYPE)],
    [{ isAudio: true, line: '' }],
    local.direction ?? 'sendrecv',
  )
}

/**
 * Answers an offer: the first codec of theirs that we speak, under their payload type numbers, the direction mirrored, every other stream refused.
 * Undefined when there is no audio stream or no codec in common (488). Errors: ProtocolError for an unreadable offer.
 */
export function buildAnswer(offerText: string, local: LocalAudio): { sdp: string; remote: RemoteAudio } | undefined {
  const offer = parseSdp(offerText)
  const remote = offer.audio && remoteAudio(offer.audio)
  if (!offer.audio || !remote) return undefined
  const formats: SdpFormat[] = [{ payloadType: remote.payloadType, encoding: remote.codec, clockRateHz: 8_000 }]
  if (remote.eventPayloadType !== undefined) formats.push(eventFormat(remote.eventPayloadType))
  const lines = offer.media.map((stream) => ({ isAudio: stream.isAudio, line: `m=${stream.kind} 0 ${stream.protocol} ${stream.formats}` }))
  const direction = narrow(mirrored[wanted(offer.audio)], local.direction ?? 'sendrecv')
  return { sdp: describe(local, formats, lines, direction), remote: { ...remote, send: remote.send && (direction === 'sendrecv' || direction === 'sendonly') } }
}

/** Our own side as we described it last, ready for the next description. Undefined when `text` has no audio. */
export function nextLocalAudio(text: string): LocalAudio | undefined {
  const { audio, sessionId, version } = parseSdp(text)
  if (!audio) return undefined
  return { address: audio.address, port: audio.port, sessionId: Number(sessionId) || 0, version: (Number(version) || 0) + 1, ptimeMs: audio.ptimeMs }
}

/** What a description of the far end, offer or answer, asks of our sending side. Undefined when the stream is refused or no codec is ours. */
export function remoteAudioOf(text: string): RemoteAudio | undefined {
  const { audio } = parseSdp(text)
  return audio && remoteAudio(audio)
}

function remoteAudio(audio: SdpAudio): RemoteAudio | undefined {
  if (audio.port === 0) return undefined
  for (const format of audio.formats) {
    const ours = ourFormats.find((known) => known.codec === format.encoding && format.clockRateHz === 8_000)
    if (!ours) continue
    const direction = wanted(audio)
    const event = audio.formats.find(({ encoding, clockRateHz }) => encoding === 'TELEPHONE-EVENT' && clockRateHz === 8_000)
    const ptimeMs = Math.min(audio.ptimeMs ?? PTIME_MS_DEFAULT, audio.maxptimeMs ?? PTIME_MS_MAX)
    return {
      address: audio.address,
      port: audio.port,
      codec: ours.codec,
      payloadType: format.payloadType,
      eventPayloadType: event?.payloadType,
      ptimeMs: Math.min(Math.max(Math.round(ptimeMs / 10) * 10, PTIME_MS_MIN), PTIME_MS_MAX),
      send: direction === 'sendrecv' || direction === 'recvonly',
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

function eventFormat(payloadType: number): SdpFormat {
  return { payloadType, encoding: 'telephone-event', clockRateHz: 8_000 }
}

function describe(local: LocalAudio, formats: readonly SdpFormat[], streams: readonly { isAudio: boolean; line: string }[], direction: SdpDirection): string {
  const family = `IN ${isIPv6(local.address) ? 'IP6' : 'IP4'} ${local.address}`
  const lines = ['v=0', `o=- ${local.sessionId} ${local.version} ${family}`, 's=-', `c=${family}`, 't=0 0']
  for (const stream of streams) {
    if (!stream.isAudio) {
      lines.push(stream.line)
      continue
    }
    lines.push(`m=audio ${local.port} RTP/AVP ${formats.map(({ payloadType }) => payloadType).join(' ')}`)
    for (const format of formats) {
      lines.push(`a=rtpmap:${format.payloadType} ${format.encoding}/${format.clockRateHz}`)
      if (format.encoding === 'telephone-event') lines.push(`a=fmtp:${format.payloadType} 0-15`)
    }
    lines.push(`a=ptime:${local.ptimeMs ?? PTIME_MS_DEFAULT}`, `a=${direction}`)
  }
  return `${lines.join('\r\n')}\r\n`
}
