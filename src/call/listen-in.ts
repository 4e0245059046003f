// Supervisors who hear a running call: both sides, mixed, and nobody hears them. Does not know whether they may.
import type { CallEvent } from '../events.ts'
import type { MediaEngine, MediaEvent, MediaPort } from '../media/engine.ts'
import type { CommandResult } from './controls.ts'
import type { SecondLeg } from './second-leg.ts'

/** More than this many pairs of ears are a mistake, and each takes a channel of the line. */
const LISTENERS_MAX = 3

export type ListenersDeps = {
  open(phone: string, on: { onRinging(): void; onMedia(event: MediaEvent): void }): SecondLeg
  /** The port of the call; whoever is bridged to it is heard as well. */
  port: MediaPort
  media: MediaEngine
  emit: (event: CallEvent) => void
  /** A leg was answered, or is gone. */
  onLegs: () => void
}

export class Listeners {
  readonly #deps: ListenersDeps
  readonly #legs = new Map<string, SecondLeg>()
  readonly #leaving = new Set<Promise<void>>()
  #closed = false

  constructor(deps: ListenersDeps) {
    this.#deps = deps
  }

  dialogs(): unknown[] {
    return [...this.#legs.values()].map((leg) => leg.dialog())
  }

  /** Calls the phone. One that listens already goes on. */
  add(phone: string): CommandResult {
    const { media, emit } = this.#deps
    if (this.#closed || !media.monitor) return { ok: false, code: 'not-possible', message: '这通电话不能旁听' }
    if (this.#legs.has(phone)) return { ok: true, state: 'listening' }
    if (this.#legs.size >= LISTENERS_MAX) return { ok: false, code: 'refused', message: `一通电话最多 ${LISTENERS_MAX} 人旁听` }
    const leg = this.#deps.open(phone, { onRinging: () => {}, onMedia: () => {} })
    this.#legs.set(phone, leg)
    emit({ type: 'listening', state: 'calling', phone })
    void leg.outcome.then((outcome) => {
      if (this.#legs.get(phone) !== leg) return
      if (!outcome.reached) {
        this.#forget(phone, leg)
        return emit({ type: 'listening', state: 'failed', phone, why: outcome.why })
      }
      this.#join(phone, leg)
    })
    return { ok: true, state: 'listening' }
  }

  /** Without a phone: all of them. */
  remove(phone: string | undefined): CommandResult {
    const leaving = [...this.#legs].filter(([known]) => phone === undefined || known === phone)
    if (leaving.length === 0) return { ok: false, code: 'not-possible', message: phone === undefined ? '没有人在旁听' : '这个号码没有在旁听' }
    for (const [known, leg] of leaving) this.#leave(known, leg)
    return { ok: true, state: 'talking' }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const [phone, leg] of this.#legs) this.#leave(phone, leg)
    await Promise.all(this.#leaving)
  }

  #join(phone: string, leg: SecondLeg): void {
    const { media, port, emit, onLegs } = this.#deps
    void leg.over.then(() => this.#legs.get(phone) === leg && this.#leave(phone, leg))
    try {
      media.monitor!(port, leg.port)
    } catch {
      // One of the two ports closed in this moment.
      return this.#leave(phone, leg)
    }
    emit({ type: 'listening', state: 'joined', phone })
    onLegs()
  }

  #leave(phone: string, leg: SecondLeg): void {
    this.#forget(phone, leg)
    this.#deps.emit({ type: 'listening', state: 'left', phone })
  }

  #forget(phone: string, leg: SecondLeg): void {
    this.#legs.delete(phone)
    // Closing its port ends the listening.
    const left = leg.close()
    this.#leaving.add(left)
    void left.then(() => this.#leaving.delete(left))
    this.#deps.onLegs()
  }
}
