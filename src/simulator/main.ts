// The simulated carrier as a process. Reads its settings from the environment, tells its parent the SIP port, ends with its parent.
import { createMediaEngine } from '../media/worker-engine.ts'
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
const load = process.env['SIMULATOR_LOAD'] === 'on'

// Before anything slow: a parent that is gone already would never be noticed later.
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group; the parent decides when we go.

const tts = new SynthesisCache(ttsProviders.espeak())
const asr = load ? deafAsr : asrProviders.builtin({})
const [media] = await Promise.all([createMediaEngine({ workers: 1, portMin: 10_000, portMax: 19_998, log }), tts.warmUp(), asr.warmUp()])
const carrier = new Carrier({ address, media, asr, tts, announcerVoice: 'f1' })
const agent = await SipUserAgent.open({ address, port, userAgent: 'waihu simulated carrier', onCall: (call) => carrier.take(call), log })
process.send?.({ type: 'ready', port: agent.port } satisfies CarrierReady)

process.on('SIGTERM', () => {
  void (async () => {
    await agent[Symbol.asyncDispose]()
    await media[Symbol.asyncDispose]()
    process.exit(0)
  })()
})
