// Knows what an audio frame is. Does not know where frames come from or what is said in them.

/** The one sample rate inside the program: telephone band. */
export const SAMPLE_RATE_HZ = 8_000
export const FRAME_MS = 20
/** FRAME_MS at SAMPLE_RATE_HZ. */
export const FRAME_SAMPLES = 160

/** 20 ms of signed 16-bit mono PCM at 8000 Hz: always FRAME_SAMPLES long. */
export type Frame = Int16Array

/**
 * Milliseconds since the Unix epoch with a fraction, on the clock that all threads of one process share.
 * Every `…AtMs` in media, speech and call is on this clock, so differences across threads are real.
 */
export function nowMs(): number {
  return originMs + performance.now()
}

/** Asked for once: this clock is read several times per packet. */
const originMs = performance.timeOrigin
