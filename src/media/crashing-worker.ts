// Knows a media thread that dies when told to over a channel of that name. For tests; the engine never runs it by itself.
import './worker.ts'

export const CRASH_CHANNEL = 'crash-media-worker'

const channel = new BroadcastChannel(CRASH_CHANNEL)
channel.addEventListener('message', () => {
  throw new Error('told to crash')
})
