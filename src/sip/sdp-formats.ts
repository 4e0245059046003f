// Knows the codecs and key formats that we describe in SDP, and which of a far end's are ours. Does not know addresses or directions.
import type { SdpFormat } from './sdp-parse.ts'

export const sdpCodecs = ['PCMA', 'PCMU', 'G722', 'opus'] as const
export type SdpCodec = (typeof sdpCodecs)[number]

/** A-law first: it is what carriers here share. */
export const defaultCodecs: readonly SdpCodec[] = ['PCMA', 'PCMU']

/** G.722 counts time at 8 kHz although it samples at 16 (RFC 3551 §4.5.2); Opus at 48 kHz whatever it carries (RFC 7587 §4.1). */
const formatsByCodec: Readonly<Record<SdpCodec, SdpFormat>> = {
  PCMA: { payloadType: 8, encoding: 'PCMA', clockRateHz: 8_000 },
  PCMU: { payloadType: 0, encoding: 'PCMU', clockRateHz: 8_000 },
  G722: { payloadType: 9, encoding: 'G722', clockRateHz: 8_000 },
  opus: { payloadType: 111, encoding: 'OPUS', clockRateHz: 48_000 },
}
/** By the clock of the audio that they should stand among (RFC 4733 §2.1). */
const eventFormats: readonly SdpFormat[] = [
  { payloadType: 101, encoding: 'TELEPHONE-EVENT', clockRateHz: 8_000 },
  { payloadType: 110, encoding: 'TELEPHONE-EVENT', clockRateHz: 48_000 },
]

/** As it is written, with the channels that RFC 7587 §4.1 wants even for mono. */
const written: Readonly<Record<string, string>> = { OPUS: 'opus/48000/2', 'TELEPHONE-EVENT': 'telephone-event' }
/** Our audio is 8 kHz mono: more would be bits for nothing. */
const OPUS_PARAMETERS = 'maxplaybackrate=8000;sprop-maxcapturerate=8000;stereo=0;useinbandfec=1'

/** Opus packets last 10, 20, 40 or 60 ms (of those that a port sends). */
const OPUS_PTIMES_MS = [60, 40, 20, 10] as const
export const PTIME_MS_DEFAULT = 20
const PTIME_MS_MIN = 10
export const PTIME_MS_MAX = 60

export function formatsOf(codecs: readonly SdpCodec[]): SdpFormat[] {
  const audio = codecs.map((codec) => formatsByCodec[codec])
  // Those at 8 kHz always: many phones know no others, whatever the codec.
  return [...audio, ...eventFormats.filter((event) => event.clockRateHz === 8_000 || audio.some(({ clockRateHz }) => clockRateHz === event.clockRateHz))]
}

export function codecOf({ encoding, clockRateHz }: SdpFormat): SdpCodec | undefined {
  // Some write the rate that G.722 samples at.
  if (encoding === 'G722') return clockRateHz === 8_000 || clockRateHz === 16_000 ? 'G722' : undefined
  return (Object.keys(formatsByCodec) as SdpCodec[]).find((codec) => formatsByCodec[codec].encoding === encoding && formatsByCodec[codec].clockRateHz === clockRateHz)
}

/** Key events on the clock of the codec; those at 8 kHz otherwise, which many offer alone. */
export function eventsFor(codec: SdpCodec, formats: readonly SdpFormat[]): SdpFormat | undefined {
  const events = formats.filter(({ encoding }) => encoding === 'TELEPHONE-EVENT')
  return events.find(({ clockRateHz }) => clockRateHz === formatsByCodec[codec].clockRateHz) ?? events.find(({ clockRateHz }) => clockRateHz === 8_000)
}

export function writeFormat({ payloadType, encoding, clockRateHz }: SdpFormat): string[] {
  const name = written[encoding] ?? encoding
  const map = `a=rtpmap:${payloadType} ${name.includes('/') ? name : `${name}/${clockRateHz}`}`
  if (encoding === 'TELEPHONE-EVENT') return [map, `a=fmtp:${payloadType} 0-15`]
  return encoding === 'OPUS' ? [map, `a=fmtp:${payloadType} ${OPUS_PARAMETERS}`] : [map]
}

/** What packets of Opus a far end wants (RFC 7587 §6.1). */
export function opusWishes({ parameters = '' }: SdpFormat): { inbandFec: boolean; bitrateMax?: number } {
  const bitrate = Number(/(?:^|[;\s])maxaveragebitrate=(\d{4,6})\b/i.exec(parameters)?.[1])
  return { inbandFec: /(?:^|[;\s])useinbandfec=1\b/i.test(parameters), ...(bitrate > 0 ? { bitrateMax: bitrate } : {}) }
}

/** What a far end asks for, as a port can send it. */
export function packetTime(codec: SdpCodec, ptimeMs: number | undefined, maxptimeMs: number | undefined): number {
  const asked = Math.min(ptimeMs ?? PTIME_MS_DEFAULT, maxptimeMs ?? PTIME_MS_MAX)
  const whole = Math.min(Math.max(Math.round(asked / 10) * 10, PTIME_MS_MIN), PTIME_MS_MAX)
  return codec === 'opus' ? OPUS_PTIMES_MS.find((ms) => ms <= whole)! : whole
}

