// The program that runs one sherpa-onnx model. Knows the engine and the messages of its channel. Does not know the server: when that is gone, it ends.
import { loadEngine } from './engine.ts'
import { hearAsItComes, hearUtterances } from './hearing.ts'
import type { ChildOrder, FromChild, ToChild } from './messages.ts'
import { speak } from './speaking.ts'
import { watchActivity } from './voice-activity.ts'

/** What a loaded model does with a message. */
export type Work = { speakers?: number; take(message: Exclude<ToChild, { op: 'ping' }>): void }

process.on('disconnect', () => process.exit(0))
// Ctrl-C and the stop of a service manager reach the whole group; the server says when to stop by closing the channel.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const { engine: module, mode, config } = JSON.parse(process.argv[2] ?? '{}') as ChildOrder
const tell = (message: FromChild): void => {
  if (process.connected) process.send!(message)
}

try {
  const engine = await loadEngine(module)
  const work = { streaming: hearAsItComes, utterance: hearUtterances, voice: speak, activity: watchActivity }[mode](engine, config, tell)
  process.on('message', (message: ToChild) => (message.op === 'ping' ? tell({ type: 'pong' }) : work.take(message)))
  tell({ type: 'ready', ...(work.speakers === undefined ? {} : { speakers: work.speakers }) })
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error)
  process.send?.({ type: 'unavailable', reason } satisfies FromChild, () => process.exit(1))
}
