// Preloaded into a server (`--import`): SIGUSR2 makes its media threads throw, as a fault in them would. The program itself stays as it is.
import { isMainThread } from 'node:worker_threads'

const channel = new BroadcastChannel('crash-media')
if (isMainThread) {
  process.on('SIGUSR2', () => channel.postMessage('now'))
} else {
  channel.addEventListener('message', () => {
    throw new Error('told to crash')
  })
}
;(channel as unknown as { unref(): void }).unref()
