// Knows a network inside the process: datagrams with delay, loss, duplication and reordering by a seeded dice. Used by tests only.
import { FakeClock } from './fake-clock.ts'
import type { Peer, Receive, Transport } from './transport.ts'

export type Weather = {
  /** 0..1, each way. */
  loss: number
  duplication: number
  delayMsMin: number
  /** Above delayMsMin datagrams overtake each other. */
  delayMsMax: number
}

export type Datagram = { from: Peer; to: Peer; text: string }

export class FakeNetwork {
  readonly clock = new FakeClock()
  /** Everything that was sent, lost or not. */
  readonly sent: Datagram[] = []
  weather: Weather = { loss: 0, duplication: 0, delayMsMin: 1, delayMsMax: 1 }
  /** True drops the datagram; for losing exactly the one that matters. */
  drop: (datagram: Datagram) => boolean = () => false
  /** An error makes sending fail. */
  refuse: (datagram: Datagram) => Error | undefined = () => undefined
  readonly #dice: () => number
  readonly #sockets = new Map<string, Receive>()

  constructor(seed = 1) {
    this.#dice = seededDice(seed)
  }

  /** A transport at that address. */
  open(address: string, port: number): (receive: Receive) => Promise<Transport> {
    return (receive) => {
      const key = `${address}:${port}`
      this.#sockets.set(key, receive)
      return Promise.resolve({
        protocol: 'UDP' as const,
        reliable: false,
        address,
        port,
        send: (bytes: Uint8Array, to: Peer, onFailed: (error: Error) => void) => this.#send(bytes, { address, port }, to, onFailed),
        [Symbol.asyncDispose]: () => {
          this.#sockets.delete(key)
          return Promise.resolve()
        },
      })
    }
  }

  #send(bytes: Uint8Array, from: Peer, to: Peer, onFailed: (error: Error) => void): void {
    const datagram = { from, to, text: Buffer.from(bytes).toString('latin1') }
    this.sent.push(datagram)
    const refusal = this.refuse(datagram)
    if (refusal) {
      this.clock.after(0, () => onFailed(refusal))
      return
    }
    const copies = this.#dice() < this.weather.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.drop(datagram) || this.#dice() < this.weather.loss) continue
      const { delayMsMin, delayMsMax } = this.weather
      const owned = Uint8Array.from(bytes)
      this.clock.after(delayMsMin + this.#dice() * (delayMsMax - delayMsMin), () => this.#sockets.get(`${to.address}:${to.port}`)?.(owned, from))
    }
  }
}

/** Numbers in 0..1 that are the same for the same seed (mulberry32). */
export function seededDice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
