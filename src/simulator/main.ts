// The simulated carrier as a process. Reads its settings from the environment, tells its parent the SIP port, ends with its parent.
import { appendFileSync } from 'node:fs'
import { createMediaEngine } from '../media/worker-engine.ts'
import type { IncomingCall } from '../sip/leg.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { asrProviders } from '../speech/asr/index.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { ttsProviders } from '../speech/tts/index.ts'
import { log as rootLog } from '../log.ts'
import { Carrier } from './carrier.ts'
import { deafAsr } from './deaf.ts'
import type { CarrierReady } from './process.ts'

const log = rootLog.child({ part: 'simulator' })
const address = process.env['SIMULATOR_ADDRESS'] ?? '127.0.0.1'
const port = Number(process.env['SIMULATOR_PORT'] ?? 0)
/** A file to which each INVITE and each thing a callee said is appended. It holds full numbers and words, so it is for tests. */
const callLog = process.env['SIMULATOR_CALL_LOG']
/** Refusals carry no cause: for tests of what is heard before them. */
const genericCodes = process.env['SIMULATOR_GENERIC_CODES'] === 'on'
const load = process.env['SIMULATOR_LOAD'] === 'on'

// The parent says that we shall go by closing the channel, or is gone; perhaps it went while this program was being loaded.
process.on('disconnect', () => process.exit(0))
if (process.connected === false) process.exit(0)
// Ctrl-C and the stop of a service manager reach the whole group: calls still end by themselves then, so the parent decides when we go.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const tts = new SynthesisCache(ttsProviders.espeak())
const asr = load ? deafAsr : asrProviders.builtin({})
const [media] = await Promise.all([createMediaEngine({ workers: 1, portMin: 10_000, portMax: 19_998, log }), tts.warmUp(), asr.warmUp()])
const carrier = new Carrier({ address, media, asr, tts, announcerVoice: 'f1', genericCodes, onSaid: (call, text) => keep({ callId: call.callId, said: text }) })
const agent = await SipUserAgent.open({ address, port, userAgent: 'waihu simulated carrier', onCall: take, log })
process.send?.({ type: 'ready', port: agent.port } satisfies CarrierReady)

function take(call: IncomingCall): void {
  keep({ callId: call.callId, requestUri: call.requestUri })
  carrier.take(call)
}

/** What happened as the far end saw it: written at once, so that it outlives whoever is killed next. */
function keep(entry: { callId: string; requestUri?: string; said?: string }): void {
  if (callLog) appendFileSync(callLog, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`)
}
