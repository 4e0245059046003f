// A recogniser that understands nothing, for load tests: callees then reply by turn order alone.
import type { AsrProvider } from '../speech/asr/provider.ts'

export const deafAsr: AsrProvider = {
  name: 'deaf',
  capabilities: { partials: false, hotWords: false, understands: 'simulator' },
  warmUp: () => Promise.resolve(),
  open: (options) => ({
    push: () => {},
    endUtterance: () => queueMicrotask(() => options.onEvent({ type: 'final', text: '', beginAtMs: 0, endAtMs: 0, confidence: 0 })),
    [Symbol.dispose]: () => {},
  }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}
