// Knows where a SIP message begins and ends in a stream (RFC 3261 §18.3, RFC 5626 §4.4.1). Does not know sockets or what the message says.
import { ProtocolError } from '../errors.ts'
import { messageLimits } from './message.ts'

/** A whole message, or a keep-alive: `ping` asks for a `pong`. */
export type Frame = Uint8Array | 'ping' | 'pong'

const CR = 0x0d
const LF = 0x0a

export class StreamFramer {
  #rest: Buffer = Buffer.alloc(0)
  /** Length of the message being collected, once its head is whole. */
  #messageBytes: number | undefined

  /** True in the middle of a message. */
  get waiting(): boolean {
    return this.#rest.length > 0
  }

  /**
   * What is whole now, one by one: messages before a broken one are still good.
   * Errors: ProtocolError when the stream cannot be cut into messages any more; then it must be closed.
   */
  *push(chunk: Uint8Array): Generator<Frame, void> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk])
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) yield frame
  }

  #next(): Frame | undefined {
    const rest = this.#rest
    if (rest[0] === CR && rest[1] === LF) {
      // Two line ends in one piece are a ping; one alone is its answer.
      const ping = rest[2] === CR && rest[3] === LF
      this.#rest = rest.subarray(ping ? 4 : 2)
      return ping ? 'ping' : 'pong'
    }
    if (rest.length === 0 || (rest.length === 1 && rest[0] === CR)) return undefined
    this.#messageBytes ??= this.#measure(rest)
    if (this.#messageBytes === undefined || rest.length < this.#messageBytes) return undefined
    const message = rest.subarray(0, this.#messageBytes)
    this.#rest = rest.subarray(this.#messageBytes)
    this.#messageBytes = undefined
    return message
  }

  #measure(rest: Buffer): number | undefined {
    const headEnd = rest.indexOf('\r\n\r\n', 0, 'latin1')
    if (headEnd < 0 ? rest.length > messageLimits.headBytesMax : headEnd > messageLimits.headBytesMax) throw new ProtocolError('sip', 'headers too long')
    if (headEnd < 0) return undefined
    const length = /\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*(?=\r\n|$)/i.exec(rest.toString('latin1', 0, headEnd))?.[1]
    if (length === undefined) throw new ProtocolError('sip', 'message in a stream without Content-Length')
    const total = headEnd + 4 + Number(length)
    if (total > messageLimits.messageBytesMax) throw new ProtocolError('sip', 'message too long')
    return total
  }
}
