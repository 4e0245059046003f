// Holds that whatever a model or its engine does, only the child process suffers: the reason is told in words, and the next start works.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { ProviderError } from '../../errors.ts'
import { log } from '../../log.ts'
import { FRAME_MS } from '../../media/frame.ts'
import { framesOf, speechFixture } from '../asr/builtin/fixtures.ts'
import type { AsrEvent, AsrProvider } from '../asr/provider.ts'
import { SherpaAsr } from '../asr/sherpa.ts'
import { AsrChain } from '../fallback/asr-chain.ts'
import { SherpaTts } from '../tts/sherpa.ts'
import { defaultVoice } from '../tts/provider.ts'
import { fakeEngine, fakeModel, setFault } from './fake-engine.ts'
import { endReason, SherpaHost } from './host.ts'
import { modelOrder } from './model-order.ts'

log.level = 'silent'
const folder = mkdtempSync(path.join(tmpdir(), 'waihu-host-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const limits = { hangMsMax: 2_000, pingMs: 100, restartMsMin: 50, startMsMax: 20_000, answerMsMax: 6_000, audioMsMax: 6_000 }

async function hear(provider: AsrProvider): Promise<AsrEvent> {
  const over = Promise.withResolvers<AsrEvent>()
  using stream = provider.open({ hotWords: [], phrases: [], onEvent: (event) => event.type !== 'partial' && over.resolve(event) })
  framesOf(speechFixture('quiet').pcm).forEach((frame, i) => stream.push(frame, 1_000 + i * FRAME_MS))
  stream.endUtterance()
  return await over.promise
}
const wordsOf = (event: AsrEvent): string => (event.type === 'final' ? event.text : event.type === 'failed' ? event.error.message : '')

void test('the last words of a child become a reason that a person can act on', () => {
  assert.match(endReason(null, 'SIGABRT', "terminate called after throwing an instance of 'Ort::Exception'\n  what():  Load model failed: Protobuf parsing failed.\nbye"), /damaged.*SIGABRT: what\(\): {2}Load model failed: Protobuf parsing failed/s)
  assert.match(endReason(255, null, "'vocab_size' does not exist in the metadata"), /refused the model.*exit 255: 'vocab_size' does not exist/s)
  assert.match(endReason(1, null, ''), /unexpectedly \(exit 1\)$/)
})

for (const kind of ['streaming-zipformer', 'sense-voice'] as const) {
  for (const [fault, told] of [['abort', /damaged.*SIGABRT/s], ['hang', /hung: no answer within 2000 ms/], ['error', /the engine says no|ended unexpectedly/]] as const) {
    void test(`a ${kind} model at fault at work (${fault}) fails the stream with a reason, and the child that takes its place hears again`, async () => {
      const model = fakeModel(path.join(folder, `${kind}-${fault}`), kind)
      await using asr = new SherpaAsr({ model, engine: fakeEngine, limits })
      await asr.warmUp()
      const before = asr.pid
      setFault(model, fault)
      const failed = await hear(asr)
      assert.equal(failed.type, 'failed')
      assert.match(wordsOf(failed), told)
      assert.ok(failed.type === 'failed' && failed.error instanceof ProviderError && failed.error.retryable)
      setFault(model, undefined)
      await asr.warmUp()
      if (fault !== 'error') assert.notEqual(asr.pid, before)
      assert.equal(wordsOf(await hear(asr)), '可以没问题')
    })
  }
}

for (const [fault, told] of [['abort-load', /damaged/], ['refuse-load', /refused the model.*vocab_size/s], ['error-load', /the engine says no/], ['hang-load', /not loaded within 1000 ms/]] as const) {
  void test(`a model that cannot be loaded (${fault}) is told at the start, and calls are heard by the next recogniser`, async () => {
    const model = fakeModel(path.join(folder, fault), 'sense-voice')
    setFault(model, fault)
    const bad = new SherpaAsr({ model, engine: fakeEngine, limits: { ...limits, startMsMax: fault === 'hang-load' ? 1_000 : 20_000 } })
    await using chain = new AsrChain([bad, new SherpaAsr({ model: fakeModel(path.join(folder, 'good'), 'sense-voice'), engine: fakeEngine, limits })])
    await assert.rejects(bad.warmUp(), { name: 'ProviderError', message: told })
    await chain.warmUp()
    assert.equal(wordsOf(await hear(chain)), '可以没问题')
  })
}

void test('a missing folder, a folder of another kind, a missing file and a missing engine are told in words', async () => {
  const empty = path.join(folder, 'my-model')
  fakeModel(empty, 'sense-voice')
  rmSync(path.join(empty, 'waihu-model.json'))
  const vits = fakeModel(path.join(folder, 'my-vits'), 'vits')
  const cut = fakeModel(path.join(folder, 'cut'), 'sense-voice')
  rmSync(path.join(cut, 'tokens.txt'))
  for (const [model, engine, told] of [
    [path.join(folder, 'nothing-here'), fakeEngine, /waihu models download/],
    [empty, fakeEngine, /kind of model/],
    [vits, fakeEngine, /model for tts, not for asr/],
    [cut, fakeEngine, /no file for 'tokens'/],
    [fakeModel(path.join(folder, 'no-engine'), 'sense-voice'), 'no-such-engine', /npm install/],
  ] as const) {
    await using asr = new SherpaAsr({ model, engine, limits })
    await assert.rejects(asr.warmUp(), { name: 'ProviderError', message: told })
    const event = await hear(asr)
    assert.match(wordsOf(event), told)
  }
})

void test('a child that keeps dying is started less and less often, and only when it is wanted', async () => {
  const model = fakeModel(path.join(folder, 'dying'), 'sense-voice')
  setFault(model, 'abort-load')
  await using host = new SherpaHost('sherpa', modelOrder(model, 'asr', { engine: fakeEngine }), { ...limits, restartMsMin: 10_000 })
  await assert.rejects(host.ready())
  for (let i = 0; i < 5; i += 1) {
    const lost = Promise.withResolvers<ProviderError>()
    host.begin({ message: () => {}, lost: lost.resolve })
    assert.match((await lost.promise).message, /damaged/)
  }
  assert.equal(host.starts, 1)
})

void test('a voice that dies in a sentence ends it as failed, and speaks again', async () => {
  const model = fakeModel(path.join(folder, 'voice'), 'vits')
  await using tts = new SherpaTts({ model, engine: fakeEngine, limits })
  await tts.warmUp()
  const speak = async (): Promise<string> => {
    for await (const event of tts.synthesize('您好', defaultVoice, new AbortController().signal)) if (event.type !== 'audio') return event.type === 'failed' ? event.error.message : event.type
    return 'ended without a word'
  }
  for (const fault of ['abort', 'hang'] as const) {
    setFault(model, fault)
    assert.match(await speak(), fault === 'abort' ? /damaged/ : /hung/)
    setFault(model, undefined)
    await tts.warmUp()
    assert.equal(await speak(), 'done')
  }
})

void test('the engine itself: a damaged file ends its child and nothing else', async (t) => {
  const model = path.join(folder, 'sherpa-onnx-sense-voice-damaged')
  fakeModel(model, 'sense-voice')
  writeFileSync(path.join(model, 'model.onnx'), Buffer.alloc(4_096, 7))
  writeFileSync(path.join(model, 'tokens.txt'), '<blk> 0\n好 1\n')
  await using asr = new SherpaAsr({ model, limits: { ...limits, startMsMax: 20_000 } })
  const error = await asr.warmUp().then(() => undefined, (error: Error) => error)
  assert.ok(error instanceof ProviderError)
  if (/npm install/.test(error.message) && process.env['REQUIRE_INTEROP'] !== '1') return t.skip(error.message)
  assert.match(error.message, /damaged|refused/)
  t.diagnostic(error.message)
})
