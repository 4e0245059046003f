// Knows every limit of the HTTP side in one table. Does not know who enforces which.

export const apiLimits = {
  /** Largest request body. A list of 100 numbers and a long requirement are under 10 kB. */
  bodyBytesMax: 64 * 1024,
  /** The same for the RPC gateway: thousands of numbers with their variables, percent-encoded. */
  rpcBodyBytesMax: 1024 * 1024,
  /** Request line and headers. Most RPC clients send all parameters in the query, a batch of 1,000 numbers with four variables each too: 300 kB. */
  headerBytesMax: 512 * 1024,
  /** The whole request must have arrived within this time. */
  requestMsMax: 15_000,
  /** Requests of one key (or, without a key, one address) per minute. */
  requestsPerMinuteMax: 600,
  /** Requests being worked on at once, streams not counted; more are shed with 503. */
  requestsAtOnceMax: 200,
  /** Event loop delay, averaged over half a second and kept up for a whole one, from which requests are shed. */
  loopDelayMsMax: 300,
  /** More than a key has calls at once, so that each can be watched, by several people. */
  streamsPerKeyMax: 100,
  streamsMax: 1_000,
  /** A stream whose reader takes nothing for this long is cut; it may resume. */
  streamStallMsMax: 20_000,
  /** Characters of a user_requirement. */
  requirementCharsMax: 2_000,
  /** Characters of the knowledge of a call; the robot holds to the same. */
  knowledgeCharsMax: 4_000,
  /** Characters of a phones list; the numbering module limits the count. */
  phonesCharsMax: 4_000,
  /** How long a signed recording link works. */
  recordingLinkMs: 3_600_000,
  /** The same of one in a receipt. Source: the published VoiceRecordReport. */
  receiptLinkMs: 7 * 86_400_000,
  /** The same for the recordings that queries of the RPC gateway name; as published. */
  recordFileLinkMs: 48 * 3_600_000,
  /** Longest wait for one part of us when asked for health. */
  healthMsMax: 800,
}

export type ApiLimits = typeof apiLimits
