// Knows how much strangers may ask of us. Does not know what they ask.
import { BlockList, isIPv6 } from 'node:net'
import type { Clock } from './clock.ts'

export type SourceLimitOptions = {
  clock: Clock
  /** What one stranger may begin per second, after a first burst of three times as much. Infinity: no limits at all. */
  unknownPerSecondMax: number
}

/** All strangers together may begin so many times what one may. */
const ALL_FACTOR = 10
const BURST_FACTOR = 3
/** Addresses remembered, of strangers and of others; the ones heard of longest ago go first. */
const SOURCES_MAX = 10_000
/** Whom we spoke to of our own accord is no stranger for so long. */
const KNOWN_MS = 3_600_000

type Bucket = { tokens: number; atMs: number }

/** This machine's own programs: proxies beside us, tests. */
const ownAddresses = new BlockList()
ownAddresses.addSubnet('127.0.0.0', 8, 'ipv4')
ownAddresses.addAddress('::1', 'ipv6')

/** Token buckets for every source that we have no business with yet. */
export class SourceLimits {
  readonly #clock: Clock
  readonly #perSecondMax: number
  readonly #buckets = new Map<string, Bucket>()
  readonly #knownUntilMs = new Map<string, number>()
  readonly #all: Bucket

  constructor(options: SourceLimitOptions) {
    this.#clock = options.clock
    this.#perSecondMax = options.unknownPerSecondMax
    this.#all = { tokens: Infinity, atMs: options.clock.nowMs() }
  }

  /** We send it something, or it proved who it is. */
  trust(address: string): void {
    keep(this.#knownUntilMs, address, this.#clock.nowMs() + KNOWN_MS)
  }

  isKnown(address: string): boolean {
    if (ownAddresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return true
    return (this.#knownUntilMs.get(address) ?? 0) > this.#clock.nowMs()
  }

  /** False when that source, or strangers altogether, begin too much; true uses some of it up. */
  admits(address: string): boolean {
    if (this.#perSecondMax === Infinity || this.isKnown(address)) return true
    const bucket = this.#buckets.get(address) ?? { tokens: Infinity, atMs: this.#clock.nowMs() }
    keep(this.#buckets, address, bucket)
    // Whoever is over their own limit takes nothing from the others.
    return this.#take(bucket, this.#perSecondMax) && this.#take(this.#all, this.#perSecondMax * ALL_FACTOR)
  }

  #take(bucket: Bucket, perSecond: number): boolean {
    const nowMs = this.#clock.nowMs()
    bucket.tokens = Math.min(perSecond * BURST_FACTOR, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000)
    bucket.atMs = nowMs
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  for (const [oldest] of map) {
    if (map.size < SOURCES_MAX) break
    map.delete(oldest)
  }
  map.set(key, value)
}
