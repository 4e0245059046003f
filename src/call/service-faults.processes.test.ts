// Holds what a callee hears when the process of a recogniser or a voice dies, hangs or fails in mid-conversation. True processes, stand-ins for
// the models in them; simulated time, a few times as fast as the clock.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { log } from '../log.ts'
import { SherpaAsr } from '../speech/asr/sherpa.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { fakeEngine, fakeModel, setFault, type EngineFault } from '../speech/sherpa/fake-engine.ts'
import type { ModelKind } from '../speech/sherpa/model-folder.ts'
import { createEspeak } from '../speech/tts/espeak/provider.ts'
import type { TtsProvider } from '../speech/tts/provider.ts'
import { SherpaTts } from '../speech/tts/sherpa.ts'
import type { Moment } from './service-faults-rig.ts'
import { FaultStage, type Held } from './service-faults-stage.ts'

/** A frame is 20 ms of the conversation. */
const PACE_MS = 5

log.level = 'silent'
const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())
const folder = mkdtempSync(path.join(tmpdir(), 'waihu-faults-'))
stack.defer(() => rmSync(folder, { recursive: true, force: true }))
const stage = stack.use(await FaultStage.open(PACE_MS))

let models = 0

/** Resolves when the process is ready, with what begins the conversation. */
async function ready(name: string, moment: Moment, strike: () => void, under: { asr: AsrProvider } | { tts: TtsProvider }): Promise<() => Held> {
  const provider = 'asr' in under ? under.asr : under.tts
  await stage.passing(provider.warmUp(), 600_000)
  return () => ({ name, conversation: stage.begin({ ...under, at: new Map([[moment, strike]]) }), mustConfirm: 'tts' in under, close: async () => await provider[Symbol.asyncDispose](), left: () => 0 })
}

function sherpa(kind: ModelKind, fault: EngineFault, moment: Moment): Promise<() => Held> {
  const model = fakeModel(path.join(folder, `${kind}-${++models}`), kind)
  const strike = () => setFault(model, fault)
  return ready(`${kind}, ${fault}`, moment, strike, kind === 'vits' ? { tts: new SherpaTts({ model, engine: fakeEngine }) } : { asr: new SherpaAsr({ model, engine: fakeEngine }) })
}

function espeak(signal: 'SIGKILL' | 'SIGSTOP', moment: Moment): Promise<() => Held> {
  const tts = createEspeak({ children: 1, practiceAfterMs: 3_600_000 })
  const strike = () => {
    for (const pid of tts.childPids) process.kill(pid, signal)
  }
  return ready(`espeak, ${signal}`, moment, strike, { tts })
}

void test('a process that dies, hangs or fails leaves nobody in silence, and every call ends', async (t) => {
  const begins: (() => Held)[] = []
  for (const start of [
    () => sherpa('streaming-zipformer', 'hang', 'words'),
    () => sherpa('streaming-zipformer', 'abort', 'between'),
    () => sherpa('sense-voice', 'error', 'words'),
    () => sherpa('vits', 'hang', 'reply'),
    () => sherpa('vits', 'abort', 'between'),
    () => espeak('SIGKILL', 'reply'),
    () => espeak('SIGSTOP', 'words'),
  ]) {
    begins.push(await start())
  }
  const all = begins.map((begin) => begin())
  await stage.untilAllEnded(all)
  for (const one of all) await stage.check(one)
  t.diagnostic(JSON.stringify({ conversations: all.length, longestSilenceMs: Math.max(...all.map(({ conversation }) => conversation.longestSilenceMs)) }))
  assert.ok(all.some(({ conversation }) => conversation.faults.length > 0))
})
