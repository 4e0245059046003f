// Knows G.722 at 64 kbit/s (mode 1): two sub-bands of ADPCM, one byte per 8 kHz sample pair. Does not know packets or calls.
// The names in capitals are the blocks of ITU-T G.722 §6.2. All arithmetic is on integers, as the Recommendation demands.

/** Quadrature mirror filter, G.722 table 11: every second coefficient; the others are the same in reverse order. */
const QMF = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11] as const
const QMF_TAPS = QMF.length

/** Decision levels of the lower band, table 14 (Q6), in 1/4096 of the scale factor, from level 1 on. */
const LOW_LEVELS = [
  35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1_023, 1_121, 1_219, 1_339, 1_458, 1_612, 1_765, 1_980, 2_195, 2_557, 2_919,
] as const
/** Output levels of the lower band by the magnitude of the code, with 6 and with 4 bits: table 15 (QQ6, QQ4). */
const LOW_OUTPUT_6 = [
  17, 54, 91, 130, 170, 211, 254, 300, 347, 396, 447, 501, 558, 618, 682, 750, 822, 899, 982, 1_072, 1_170, 1_279, 1_399, 1_535, 1_689, 1_873, 2_088, 2_376, 2_738, 3_101,
] as const
const LOW_OUTPUT_4 = [0, 150, 323, 530, 786, 1_121, 1_612, 2_557] as const
/** Decision level and output levels of the upper band, tables 16 and 17 (Q2, QQ2). */
const HIGH_LEVEL = 564
const HIGH_OUTPUT = [-926, -202, 926, 202] as const

/** What a code does to the logarithm of its band's scale: tables 18 (WL, by magnitude of 4 bits) and 20 (WH, by code). */
const LOW_STEP = [-60, -30, 58, 172, 334, 538, 1_198, 3_042] as const
const HIGH_STEP = [798, -214, 798, -214] as const
const LOW_SCALE_MAX = 18_432
const HIGH_SCALE_MAX = 22_528

/** 2048 · 2^(n/32), rounded down: table 19 (ILB). */
const ANTILOG = [
  2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774, 2_834,
  2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838, 3_922, 4_008,
] as const

/** Codes of the lower band for magnitude 1…30: table 14 (ILP, ILN). The two largest negative ones are out of the row. */
const LOW_CODE_POSITIVE = Uint8Array.from({ length: 31 }, (_, magnitude) => (magnitude === 0 ? 0 : 62 - magnitude))
const LOW_CODE_NEGATIVE = Uint8Array.from({ length: 31 }, (_, magnitude) => (magnitude === 0 ? 0 : magnitude < 3 ? 64 - magnitude : 34 - magnitude))

/** By the whole code: what it puts out, with 6 bits and with its upper 4; and what it does to the scale. */
const LOW_BY_CODE_6 = new Int16Array(64)
const LOW_BY_CODE_4 = Int16Array.from({ length: 16 }, (_, code) => (code === 0 || code === 15 ? 0 : code < 8 ? -LOW_OUTPUT_4[8 - code]! : LOW_OUTPUT_4[15 - code]!))
const LOW_STEP_BY_CODE = Int16Array.from({ length: 16 }, (_, code) => LOW_STEP[code === 0 || code === 15 ? 0 : code < 8 ? 8 - code : 15 - code]!)
// Codes 0…3 are not sent at 64 kbit/s; they read as the smallest negative value (table 15).
LOW_BY_CODE_6.fill(-LOW_OUTPUT_6[0], 0, 4)
for (let magnitude = 1; magnitude <= LOW_OUTPUT_6.length; magnitude += 1) {
  LOW_BY_CODE_6[LOW_CODE_POSITIVE[magnitude]!] = LOW_OUTPUT_6[magnitude - 1]!
  LOW_BY_CODE_6[LOW_CODE_NEGATIVE[magnitude]!] = -LOW_OUTPUT_6[magnitude - 1]!
}

function saturate(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value
}

/** One sub-band: its scale factor and its predictor of two poles and six zeros. */
class Band {
  /** Prediction of the next sample (PREDIC). */
  predicted = 0
  /** Quantiser scale factor (SCALEL, SCALEH). */
  scale: number
  readonly #scaleMax: number
  readonly #scaleShift: number
  #logScale = 0
  #zeroPart = 0
  /** Pole and zero coefficients, and what they work on, latest first. */
  #a1 = 0
  #a2 = 0
  readonly #b = new Int32Array(6)
  readonly #differences = new Int32Array(6)
  #rebuilt1 = 0
  #partial1 = 0
  #partial2 = 0

  constructor(band: 'low' | 'high') {
    this.scale = band === 'low' ? 32 : 8
    this.#scaleMax = band === 'low' ? LOW_SCALE_MAX : HIGH_SCALE_MAX
    this.#scaleShift = band === 'low' ? 8 : 10
  }

  /** Takes the quantised difference and the step of the scale that its code asks for. */
  adapt(difference: number, logStep: number): void {
    // LOGSCL, LOGSCH: the logarithm leaks, so that encoder and decoder meet again after a transmission error.
    this.#logScale = Math.min(this.#scaleMax, Math.max(0, ((this.#logScale * 127) >> 7) + logStep))
    // SCALEL, SCALEH
    const shift = this.#scaleShift - (this.#logScale >> 11)
    const mantissa = ANTILOG[(this.#logScale >> 6) & 31]!
    this.scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2
    this.#predict(difference)
  }

  #predict(difference: number): void {
    const rebuilt = saturate(this.predicted + difference) // RECONS
    const partial = saturate(this.#zeroPart + difference) // PARREC
    this.#adaptPoles(partial)
    const zeroPart = this.#filterZeros(difference)
    // FILTEP
    const polePart = saturate(((this.#a1 * saturate(2 * rebuilt)) >> 15) + ((this.#a2 * saturate(2 * this.#rebuilt1)) >> 15))
    this.#rebuilt1 = rebuilt
    this.#partial2 = this.#partial1
    this.#partial1 = partial
    this.#zeroPart = zeroPart
    this.predicted = saturate(polePart + zeroPart)
  }

  #adaptPoles(partial: number): void {
    const like1 = partial < 0 === this.#partial1 < 0
    const like2 = partial < 0 === this.#partial2 < 0
    // UPPOL2
    const fourA1 = saturate(4 * this.#a1)
    const toward = Math.min(32_767, like1 ? -fourA1 : fourA1) >> 7
    const a2 = Math.max(-12_288, Math.min(12_288, toward + (like2 ? 128 : -128) + ((this.#a2 * 32_512) >> 15)))
    // UPPOL1: within the triangle in which the filter is stable.
    const limit = 15_360 - a2
    this.#a1 = Math.max(-limit, Math.min(limit, (like1 ? 192 : -192) + ((this.#a1 * 32_640) >> 15)))
    this.#a2 = a2
  }

  /** UPZERO, then DELAYA, then FILTEZ with the new coefficients. */
  #filterZeros(difference: number): number {
    const b = this.#b
    const past = this.#differences
    const step = difference === 0 ? 0 : 128
    let sum = 0
    for (let i = 5; i >= 0; i -= 1) {
      const old = past[i]!
      b[i] = saturate((old < 0 === difference < 0 ? step : -step) + ((b[i]! * 32_640) >> 15))
      const shifted = i === 0 ? difference : past[i - 1]!
      past[i] = shifted
      sum += (b[i]! * saturate(2 * shifted)) >> 15
    }
    return saturate(sum)
  }
}

function quantiseLow(difference: number, scale: number): number {
  const magnitude = difference < 0 ? ~difference : difference
  // QUANTL: the first level above; levels rise, so halves are tried.
  let below = 0
  let above: number = LOW_LEVELS.length
  while (below < above) {
    const middle = (below + above) >> 1
    if (magnitude < (LOW_LEVELS[middle]! * scale) >> 12) above = middle
    else below = middle + 1
  }
  return (difference < 0 ? LOW_CODE_NEGATIVE : LOW_CODE_POSITIVE)[below + 1]!
}

function quantiseHigh(difference: number, scale: number): number {
  const isLarge = (difference < 0 ? ~difference : difference) >= (HIGH_LEVEL * scale) >> 12
  if (difference < 0) return isLarge ? 0 : 1
  return isLarge ? 2 : 3
}

/** One direction of one stream; a new stream needs a new one. */
export class G722Encoder {
  readonly #low = new Band('low')
  readonly #high = new Band('high')
  /** Past input, oldest first, in pairs. */
  readonly #past = new Int32Array(2 * QMF_TAPS)

  /** 16 kHz in, one byte per two samples out; an odd last sample is left out. */
  encode(pcm: Int16Array, out: Uint8Array = new Uint8Array(pcm.length >> 1), at = 0): Uint8Array {
    const past = this.#past
    for (let i = 0; i + 1 < pcm.length; i += 2) {
      past.copyWithin(0, 2)
      past[2 * QMF_TAPS - 2] = pcm[i]!
      past[2 * QMF_TAPS - 1] = pcm[i + 1]!
      let first = 0
      let second = 0
      for (let tap = 0; tap < QMF_TAPS; tap += 1) {
        first += past[2 * tap]! * QMF[tap]!
        second += past[2 * tap + 1]! * QMF[QMF_TAPS - 1 - tap]!
      }
      // Bands are of 15 bits.
      out[at + (i >> 1)] = this.#pair((second + first) >> 14, (second - first) >> 14)
    }
    return out
  }

  #pair(lowSample: number, highSample: number): number {
    const low = quantiseLow(saturate(lowSample - this.#low.predicted), this.#low.scale)
    const coarse = low >> 2
    this.#low.adapt((this.#low.scale * LOW_BY_CODE_4[coarse]!) >> 12, LOW_STEP_BY_CODE[coarse]!)
    const high = quantiseHigh(saturate(highSample - this.#high.predicted), this.#high.scale)
    this.#high.adapt((this.#high.scale * HIGH_OUTPUT[high]!) >> 12, HIGH_STEP[high]!)
    return (high << 6) | low
  }
}

export class G722Decoder {
  readonly #low = new Band('low')
  readonly #high = new Band('high')
  readonly #past = new Int32Array(2 * QMF_TAPS)
  #lowOut = 0
  #highOut = 0

  /** One byte in, two samples at 16 kHz out. Errors: none, any byte is valid. */
  decode(payload: Uint8Array): Int16Array {
    const pcm = new Int16Array(payload.length * 2)
    const past = this.#past
    for (let i = 0; i < payload.length; i += 1) {
      this.#pair(payload[i]!)
      past.copyWithin(0, 2)
      past[2 * QMF_TAPS - 2] = this.#lowOut + this.#highOut
      past[2 * QMF_TAPS - 1] = this.#lowOut - this.#highOut
      let first = 0
      let second = 0
      for (let tap = 0; tap < QMF_TAPS; tap += 1) {
        first += past[2 * tap + 1]! * QMF[QMF_TAPS - 1 - tap]!
        second += past[2 * tap]! * QMF[tap]!
      }
      pcm[2 * i] = saturate(first >> 11)
      pcm[2 * i + 1] = saturate(second >> 11)
    }
    return pcm
  }

  #pair(byte: number): void {
    const low = byte & 0x3f
    const high = byte >> 6
    this.#lowOut = limit15(this.#low.predicted + ((this.#low.scale * LOW_BY_CODE_6[low]!) >> 12))
    // The predictor works with the upper 4 bits only: the lower two may be robbed for data on the way.
    this.#low.adapt((this.#low.scale * LOW_BY_CODE_4[low >> 2]!) >> 12, LOW_STEP_BY_CODE[low >> 2]!)
    const difference = (this.#high.scale * HIGH_OUTPUT[high]!) >> 12
    this.#highOut = limit15(this.#high.predicted + difference)
    this.#high.adapt(difference, HIGH_STEP[high]!)
  }
}

/** LIMIT */
function limit15(value: number): number {
  return value > 16_383 ? 16_383 : value < -16_384 ? -16_384 : value
}
