// Knows how to read SDP (RFC 4566) as far as audio goes. Does not know what to make of an offer.
import { ProtocolError } from '../errors.ts'
import { parseCrypto, type SdpCrypto } from './sdp-crypto.ts'

export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** One entry of an m= line with its rtpmap and fmtp. `encoding` is upper case. */
export type SdpFormat = { payloadType: number; encoding: string; clockRateHz: number; parameters?: string | undefined }

/** One audio stream of one side, as its SDP tells. */
export type SdpAudio = {
  address: string
  /** 0: the stream is refused. */
  port: number
  /** RTP/SAVP: it is encrypted or not at all. */
  secure: boolean
  formats: SdpFormat[]
  ptimeMs: number | undefined
  maxptimeMs: number | undefined
  direction: SdpDirection
  /** The c= line is 0.0.0.0 or ::, the old way to put on hold (RFC 3264 §8.4). */
  nullAddress: boolean
  /** Lines that we can do, in their order. */
  crypto: SdpCrypto[]
  /** a=rtcp (RFC 3605) */
  rtcpPort: number | undefined
  /** RFC 5761 */
  rtcpMux: boolean
}

/** One m= line. `audio` is undefined for what is no audio over RTP. */
export type SdpStream = { kind: string; protocol: string; formats: string; audio: SdpAudio | undefined }

export type SessionDescription = {
  sessionId: string
  version: string
  /** The first audio stream over RTP; undefined when there is none. */
  audio: SdpAudio | undefined
  /** Every m= line in order, because an answer must have as many (RFC 3264 §6). */
  media: SdpStream[]
}

/** Payload types that need no rtpmap (RFC 3551 table 4). */
const staticFormats: Readonly<Record<number, readonly [encoding: string, clockRateHz: number]>> = {
  0: ['PCMU', 8_000], 3: ['GSM', 8_000], 4: ['G723', 8_000], 8: ['PCMA', 8_000], 9: ['G722', 8_000], 13: ['CN', 8_000], 15: ['G728', 8_000], 18: ['G729', 8_000],
}

const LINES_MAX = 512
const MEDIA_MAX = 16
const FORMATS_MAX = 64
const CRYPTO_MAX = 8

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
  const media = sections.map((section): SdpStream => {
    const match = /^m=(\S+)\s+(\d{1,5})(?:\/\d+)?\s+(\S+)(?:\s+(.*))?$/.exec(section.line)
    if (!match || Number(match[2]) > 65_535) throw new ProtocolError('sdp', 'unreadable m= line')
    const [kind, port, protocol, formats] = [match[1]!, Number(match[2]), match[3]!, (match[4] ?? '').trim()]
    const profile = kind === 'audio' ? /^RTP\/(S?)AVPF?$/.exec(protocol) : null
    return { kind, protocol, formats, audio: profile ? parseAudio(section.lines, { port, secure: profile[1] === 'S', formats, sessionAddress, sessionDirection }) : undefined }
  })
  return { sessionId: origin[1] ?? '0', version: origin[2] ?? '0', audio: media.find(({ audio }) => audio)?.audio, media }
}

type AudioSection = { port: number; secure: boolean; formats: string; sessionAddress: string | undefined; sessionDirection: SdpDirection }

function parseAudio(lines: readonly string[], { port, secure, formats: formatList, sessionAddress, sessionDirection }: AudioSection): SdpAudio {
  let address = sessionAddress
  let direction = sessionDirection
  let ptimeMs: number | undefined
  let maxptimeMs: number | undefined
  let rtcpPort: number | undefined
  const maps = new Map<number, readonly [string, number]>()
  const parameters = new Map<number, string>()
  const crypto: SdpCrypto[] = []
  for (const line of lines) {
    if (line.startsWith('c=')) address = parseConnection(line)
    direction = directionOf(line) ?? direction
    const map = /^a=rtpmap:(\d{1,3})\s+([^/\s]{1,32})\/(\d{1,6})/.exec(line)
    if (map) maps.set(Number(map[1]), [map[2]!.toUpperCase(), Number(map[3])])
    const fmtp = /^a=fmtp:(\d{1,3})\s+(\S.{0,255})/.exec(line)
    if (fmtp) parameters.set(Number(fmtp[1]), fmtp[2]!)
    const time = /^a=(max)?ptime:\s*(\d{1,4})/.exec(line)
    if (time?.[1] === 'max') maxptimeMs = Number(time[2])
    else if (time) ptimeMs = Number(time[2])
    const rtcp = Number(/^a=rtcp:\s*(\d{1,5})\b/.exec(line)?.[1])
    if (rtcp > 0 && rtcp <= 65_535) rtcpPort = rtcp
    const key = line.startsWith('a=crypto:') && crypto.length < CRYPTO_MAX ? parseCrypto(line) : undefined
    if (key) crypto.push(key)
  }
  const formats: SdpFormat[] = []
  for (const text of formatList.split(/\s+/).slice(0, FORMATS_MAX)) {
    const payloadType = /^\d{1,3}$/.test(text) ? Number(text) : 128
    const known = maps.get(payloadType) ?? staticFormats[payloadType]
    if (payloadType < 128 && known) formats.push({ payloadType, encoding: known[0], clockRateHz: known[1], parameters: parameters.get(payloadType) })
  }
  if (address === undefined) {
    if (port !== 0) throw new ProtocolError('sdp', 'stream without c= line')
    address = '0.0.0.0'
  }
  const nullAddress = address === '0.0.0.0' || address === '::'
  return { address, port, secure, formats, ptimeMs, maxptimeMs, direction, nullAddress, crypto, rtcpPort, rtcpMux: lines.some((line) => /^a=rtcp-mux\s*$/.test(line)) }
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
