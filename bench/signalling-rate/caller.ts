// Places calls with our user agent at a steady rate, hangs each up as soon as it is answered, and prints what came of it as JSON.
// Run by bench/signalling-rate.ts on a core of its own: node caller.ts <port of the far end> <calls per second> <calls>
import { pino } from 'pino'
import { buildOffer } from '../../src/sip/sdp.ts'
import { SipUserAgent } from '../../src/sip/user-agent.ts'
import { percentile, round } from '../figures.ts'

/** What one step of the bench learns from us. */
export type CallerFigures = {
  answered: number
  ended: number
  failed: number
  /** Messages of ours sent once more: what the far end or the system lost. */
  repeated: number
  /** Until 99 of 100 calls were torn down, and until the last one was: the far end repeats what it lost after half a second and more. */
  secondsP99: number
  seconds: number
  cpuSeconds: number
  setUpMsP50: number
  setUpMsP95: number
  rssMb: number
}

const ADDRESS = '127.0.0.1'
const TICK_MS = 10
const [port, perSecond, calls] = process.argv.slice(2).map(Number) as [number, number, number]
const target = { address: ADDRESS, port }
const sdp = buildOffer({ address: ADDRESS, port: 40_000, sessionId: 1, version: 1 })
// Each call leaves transactions for 32 s, however soon it ends.
const agent = await SipUserAgent.open({ address: ADDRESS, port: 0, log: pino({ level: 'silent' }), limits: { callsMax: 100_000, transactionsMax: 1_000_000 } })

let [placed, answered, ended, failed] = [0, 0, 0, 0]
const setUpMs: number[] = []
const endedAtMs: number[] = []
const over = Promise.withResolvers<void>()
function place(): void {
  placed += 1
  const beganMs = performance.now()
  const call = agent.invite({
    target,
    requestUri: `sip:13800138000@${ADDRESS}:${port}`,
    from: `<sip:02160001000@${ADDRESS}>`,
    to: `<sip:13800138000@${ADDRESS}>`,
    sdp,
    ringMsMax: 30_000,
    onEvent(event) {
      if (event.type === 'answered') {
        answered += 1
        setUpMs.push(performance.now() - beganMs)
        // Torn down is a call whose BYE was answered, not one that we gave up.
        void call.hangUp().then(() => {
          ended += 1
          endedAtMs.push(performance.now())
          if (ended + failed === calls) over.resolve()
        })
      }
      if (event.type !== 'failed') return
      failed += 1
      if (ended + failed === calls) over.resolve()
    },
  })
}

const before = process.cpuUsage()
const startedMs = performance.now()
const ticks = setInterval(() => {
  const due = Math.min(calls, Math.ceil(((performance.now() - startedMs) * perSecond) / 1_000))
  while (placed < due) place()
  if (placed === calls) clearInterval(ticks)
}, TICK_MS)
await over.promise
const seconds = (performance.now() - startedMs) / 1_000
const { user, system } = process.cpuUsage(before)
const figures: CallerFigures = {
  answered,
  ended,
  failed,
  repeated: agent.stats.repeated,
  secondsP99: (percentile(endedAtMs, 0.99) - startedMs) / 1_000,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  setUpMsP50: round(percentile(setUpMs, 0.5)),
  setUpMsP95: round(percentile(setUpMs, 0.95)),
  rssMb: round(process.memoryUsage().rss / 1e6),
}
console.log(JSON.stringify(figures))
await agent.close()
