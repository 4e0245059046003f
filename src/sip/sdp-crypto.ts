// Knows the a=crypto attribute (RFC 4568, SDES): keys of an encrypted stream, as SDP carries them. Does not know how anything is encrypted.
import { randomBytes } from 'node:crypto'

export const srtpSuites = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'] as const
export type SrtpSuite = (typeof srtpSuites)[number]

/** One line. `key` is master key and salt, 30 bytes in base64. Never logged. */
export type SdpCrypto = { tag: number; suite: SrtpSuite; key: string }

/** What both sides agreed: each encrypts with its own key. */
export type SrtpKeys = { suite: SrtpSuite; sendKey: string; receiveKey: string }

const KEY_BYTES = 30

/**
 * a=crypto:<tag> <suite> inline:<key>[|<lifetime>][|<MKI>:<length>] [<session parameter> …]
 * Undefined for what we cannot do, which RFC 4568 §5.1.2 has us skip: other suites, several keys or a key identifier, weaker
 * protection than the suite's. A lifetime is longer than any call.
 */
export function parseCrypto(line: string): SdpCrypto | undefined {
  const match = /^a=crypto:(\d{1,9})\s+(\S{1,64})\s+inline:([A-Za-z0-9+/]{40})(\|\d{1,20}|\|2\^\d{1,2})?((?:\s+\S{1,64}){0,8})\s*$/.exec(line)
  const suite = srtpSuites.find((known) => known === match?.[2]?.toUpperCase())
  if (!match || !suite || Buffer.from(match[3]!, 'base64').length !== KEY_BYTES) return undefined
  const parameters = match[5]!.split(/\s+/).filter((parameter) => parameter !== '')
  // WSH is advice; a leading hyphen marks what may be ignored (RFC 4568 §6.3.7).
  if (!parameters.every((parameter) => /^(WSH=\d+|KDR=0|-.*)$/i.test(parameter))) return undefined
  return { tag: Number(match[1]), suite, key: match[3]! }
}

export function writeCrypto({ tag, suite, key }: SdpCrypto): string {
  return `a=crypto:${tag} ${suite} inline:${key}`
}

/** The strong one first, each with a key of its own. */
export function offerCrypto(): SdpCrypto[] {
  return srtpSuites.map((suite, index) => ({ tag: index + 1, suite, key: newKey() }))
}

/** Our line for the first of an offer that we can do; a suite that we described before keeps its key, for the stream goes on. */
export function answerCrypto(offered: readonly SdpCrypto[], before: readonly SdpCrypto[] = []): { line: SdpCrypto; keys: SrtpKeys } | undefined {
  const [theirs] = offered
  if (!theirs) return undefined
  const key = before.find(({ suite }) => suite === theirs.suite)?.key ?? newKey()
  return { line: { ...theirs, key }, keys: { suite: theirs.suite, sendKey: key, receiveKey: theirs.key } }
}

/** The line that both descriptions have: an answer repeats the tag of the one it takes (RFC 4568 §5.1.3). */
export function agreedCrypto(ours: readonly SdpCrypto[], theirs: readonly SdpCrypto[]): SrtpKeys | undefined {
  for (const { tag, suite, key } of ours) {
    // A line with our own key is an echo of what was not understood.
    const same = theirs.find((line) => line.tag === tag && line.suite === suite && line.key !== key)
    if (same) return { suite, sendKey: key, receiveKey: same.key }
  }
  return undefined
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64')
}
