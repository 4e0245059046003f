// Knows a media thread in which things go wrong when they are asked to. For tests; the engine never runs it by itself.
import { Port } from './port.ts'
import './worker.ts'

/** Any message on this channel throws outside every port. */
const channel = new BroadcastChannel('crash-media-worker')
channel.addEventListener('message', () => {
  throw new Error('told to crash')
})

/** Keys throw inside the port that should send them. */
Port.prototype.sendDigits = () => {
  throw new Error('told to fail')
}
