// Knows a media thread in which things go wrong when they are asked to. For tests; the engine never runs it by itself.
import { threadName } from 'node:worker_threads'
import { Port } from './port.ts'
import './worker.ts'

/** What to do outside every port; `thread` undefined means all of them. */
export type Mischief = { thread?: string; crash: true } | { thread?: string; stallMs: number }

const channel = new BroadcastChannel('crash-media-worker')
channel.addEventListener('message', (event) => {
  const mischief = (event as MessageEvent & { data: Mischief }).data
  if (mischief.thread !== undefined && mischief.thread !== threadName) return
  if ('crash' in mischief) throw new Error('told to crash')
  for (const begin = performance.now(); performance.now() - begin < mischief.stallMs; );
})

/** Keys throw inside the port that should send them. */
Port.prototype.sendDigits = () => {
  throw new Error('told to fail')
}
