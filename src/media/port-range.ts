// Knows which UDP ports are free, in use or resting. Does not know sockets.
import { InvalidInputError } from '../errors.ts'

/** The kernel gives out ports from here on to anybody (32768…60999 on Linux). */
const EPHEMERAL_PORT_MIN = 32_768
const UNPRIVILEGED_PORT_MIN = 1_024

export type PortRangeOptions = {
  portMin: number
  portMax: number
  /** A port given back rests this long, so that the next call does not hear late packets of the last one. */
  restMs: number
  now: () => number
  /** 0..1: where to begin, so that two programs on one range seldom meet. */
  random?: () => number
}

/** Even ports for RTP, each with its odd neighbour for RTCP (RFC 3550 §11). */
export class PortRange {
  /** In the order in which they were given back. */
  readonly #free: { port: number; restsUntilMs: number }[] = []
  readonly #restMs: number
  readonly #now: () => number

  /** Errors: InvalidInputError when the range holds no pair or reaches where the kernel gives out ports itself. */
  constructor({ portMin, portMax, restMs, now, random = () => Math.random() }: PortRangeOptions) {
    if (!Number.isInteger(portMin) || portMin < UNPRIVILEGED_PORT_MIN) throw new InvalidInputError('portMin', `must be ${UNPRIVILEGED_PORT_MIN} or more`)
    if (!Number.isInteger(portMax) || portMax >= EPHEMERAL_PORT_MIN) throw new InvalidInputError('portMax', `must be below ${EPHEMERAL_PORT_MIN}, where the kernel gives out ports itself`)
    const first = portMin + (portMin % 2)
    for (let port = first; port + 1 <= portMax; port += 2) this.#free.push({ port, restsUntilMs: 0 })
    if (this.#free.length === 0) throw new InvalidInputError('portMax', 'the range must hold an even port and its odd neighbour')
    this.#free.push(...this.#free.splice(0, Math.floor(random() * this.#free.length)))
    this.#restMs = restMs
    this.#now = now
  }

  /** The port that rested longest, or undefined when all are in use or resting. */
  take(): number | undefined {
    const next = this.#free[0]
    if (next === undefined || next.restsUntilMs > this.#now()) return undefined
    this.#free.shift()
    return next.port
  }

  giveBack(port: number): void {
    this.#free.push({ port, restsUntilMs: this.#now() + this.#restMs })
  }
}
