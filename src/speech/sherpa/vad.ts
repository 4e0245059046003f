// Knows voice activity by Silero in a child process, one stream per call: frames go over, answers come back a little later. Does not know what is done about them.
import type { ProviderError } from '../../errors.ts'
import type { Frame } from '../../media/frame.ts'
import { SherpaHost, type HostLimits } from './host.ts'
import { modelOrder } from './model-order.ts'

export type SherpaVadOptions = { model: string; threads?: number | undefined; engine?: string | undefined; limits?: Partial<HostLimits> | undefined }

const PROVIDER = 'silero'

export interface ActivityStream extends Disposable {
  push(frame: Frame): void
}

export class SherpaVad implements AsyncDisposable {
  readonly #host: SherpaHost

  constructor({ model, threads, engine, limits }: SherpaVadOptions) {
    this.#host = new SherpaHost(PROVIDER, modelOrder(model, 'vad', { threads, engine }), limits)
  }

  /** Loads the model. Errors: ProviderError with the reason in words. */
  async warmUp(): Promise<void> {
    await this.#host.ready()
  }

  /** `onActivity`: whether somebody speaks, after so many frames in all. `onLost`: nothing more comes. */
  open({ onActivity, onLost }: { onActivity: (speech: boolean, frames: number) => void; onLost: (error: ProviderError) => void }): ActivityStream {
    let frames = 0
    const id = this.#host.begin({
      message: (message) => message.type === 'activity' && onActivity(message.speech, (frames += 1)),
      lost: onLost,
    })
    return { push: (frame) => this.#host.send({ op: 'audio', id, pcm: Int16Array.from(frame) }), [Symbol.dispose]: () => this.#host.drop(id) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]()
  }
}
