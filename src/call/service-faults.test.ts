// Holds what a callee hears when a speech service fails: whatever it is, whichever service, whenever in the conversation. Somebody speaks within
// 2.5 s, the call ends, and nothing is left behind. Every service on loopback with its vendor's protocol; simulated time.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { log } from '../log.ts'
import { createDashScopeAsr } from '../speech/asr/dashscope.ts'
import { fakeDashScopeAsr, fakeFunAsr, fakeKey, fakeNlsAsr, fakeNlsKeys, fakeTranscriptions, type Ears } from '../speech/asr/fake-services.ts'
import { createFunAsr } from '../speech/asr/funasr.ts'
import { createNlsAsr } from '../speech/asr/nls.ts'
import { OpenAiAsr } from '../speech/asr/openai.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { TtsChain } from '../speech/fallback/tts-chain.ts'
import type { Fault } from '../speech/sockets/fake-service.ts'
import { FakeTime } from '../speech/testing.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { createCosyVoice } from '../speech/tts/cosyvoice.ts'
import { createEspeak } from '../speech/tts/espeak/provider.ts'
import { fakeCosyVoice, fakeNlsTts, fakeSpeech } from '../speech/tts/fake-services.ts'
import { createNlsTts } from '../speech/tts/nls.ts'
import { OpenAiTts } from '../speech/tts/openai.ts'
import type { TtsProvider } from '../speech/tts/provider.ts'
import { calleeVoice, earsInThread, FaultyConversation, passTime, PatientVoice, unhurried, type Moment } from './service-faults-rig.ts'

const SILENCE_MS_MAX = 2_500
/** A conversation without any fault takes 20 s. */
const CALL_MS_MAX = 90_000
/** A fault that passes takes so long. */
const PASSES_AFTER_MS = 3_000

log.level = 'silent'

type Service = AsyncDisposable & { fault: Fault; strike?: (fault: Fault) => void; open?: number }
type Rig<Provider> = { service: Service; provider: Provider }

const recognition: Readonly<Record<string, (ears: Ears) => Promise<Rig<AsrProvider>>>> = {
  'funasr (C++ server)': async (ears) => funasr(await fakeFunAsr(ears, 'cpp')),
  'funasr (Python server)': async (ears) => funasr(await fakeFunAsr(ears, 'python')),
  dashscope: async (ears) => {
    const service = await fakeDashScopeAsr(ears)
    return { service, provider: createDashScopeAsr({ url: service.url, apiKey: fakeKey }) }
  },
  nls: async (ears) => {
    const service = await fakeNlsAsr(ears)
    return { service, provider: createNlsAsr({ url: service.url, tokenUrl: service.tokenUrl, keys: fakeNlsKeys, appkey: 'app' }) }
  },
  openai: async (ears) => {
    const service = await fakeTranscriptions(ears)
    return { service, provider: new OpenAiAsr({ baseUrl: `${service.url}/v1`, apiKey: fakeKey }) }
  },
}

function funasr(service: Service & { url: string }): Rig<AsrProvider> {
  return { service, provider: createFunAsr({ url: service.url }) }
}

const synthesis: Readonly<Record<string, (voice: TtsProvider) => Promise<Rig<TtsProvider>>>> = {
  cosyvoice: async (voice) => {
    const service = await fakeCosyVoice(voice)
    return { service, provider: createCosyVoice({ url: service.url, apiKey: fakeKey }) }
  },
  nls: async (voice) => {
    const service = await fakeNlsTts(voice)
    return { service, provider: createNlsTts({ url: service.url, tokenUrl: service.tokenUrl, keys: fakeNlsKeys, appkey: 'app' }) }
  },
  openai: async (voice) => {
    const service = await fakeSpeech(voice, 'raw')
    return { service, provider: new OpenAiTts({ baseUrl: `${service.url}/v1`, apiKey: fakeKey }) }
  },
}

const faults = ['slow', 'mute', 'reset', 'garbage', 'half-close', 'quota', 'refuse'] as const satisfies Fault[]
const moments = { first: 'before the first result', words: 'while the callee speaks', between: 'between turns', reply: 'while the robot speaks' } as const satisfies Record<Moment, string>
/** Of the whole table (512 conversations, more than a minute of CPU) a quarter, unless SERVICE_FAULTS=all: each service with each fault at two moments. */
const isWhole = process.env['SERVICE_FAULTS'] === 'all'

type Held = { name: string; conversation: FaultyConversation; service: Service; close: () => Promise<void>; mustConfirm: boolean }

const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())
const voice = stack.use(new PatientVoice(createEspeak({ practiceAfterMs: 3_600_000 })))
await voice.warmUp()
const ears = earsInThread()
const callee = await calleeVoice(voice)
const time = stack.use(new FakeTime())

/** As the server puts them together: the built-in voice is the last resort. */
function withLastResort(provider: TtsProvider): TtsProvider {
  return new SynthesisCache(new TtsChain([{ provider }, { provider: unowned(voice), voiceName: 'f3', lastResort: true }], time.now))
}

function unowned(voice: TtsProvider): TtsProvider {
  return { name: voice.name, warmUp: () => voice.warmUp(), synthesize: (text, as, signal) => voice.synthesize(text, as, signal), [Symbol.asyncDispose]: async () => {} }
}

function strike({ service }: Pick<Held, 'service'>, fault: Fault): void {
  if (service.strike) service.strike(fault)
  else service.fault = fault
}

function atMoment(moment: Moment | undefined, service: Service, fault: Fault, stays: boolean): ReadonlyMap<Moment, () => void> {
  if (moment === undefined) return new Map()
  return new Map([[moment, () => {
    strike({ service }, fault)
    if (!stays) setTimeout(() => (service.fault = 'none'), PASSES_AFTER_MS)
  }]])
}

async function hold(name: string, kind: 'recognition' | 'synthesis', row: string, p: { fault: Fault; moment: Moment | undefined; stays: boolean }): Promise<Held> {
  const asr = kind === 'recognition' ? await recognition[row]!(ears) : undefined
  const tts = kind === 'synthesis' ? await synthesis[row]!(unhurried(voice)) : undefined
  const { service, provider } = (asr ?? tts)!
  const hears = asr?.provider ?? ({ ...ears, name: 'in-thread', capabilities: { partials: true, hotWords: false, understands: 'simulator' }, warmUp: async () => {}, [Symbol.asyncDispose]: async () => {} } satisfies AsrProvider)
  const speaks = tts ? withLastResort(tts.provider) : unowned(voice)
  const conversation = new FaultyConversation({ time, asr: hears, tts: speaks, callee, at: atMoment(p.moment, service, p.fault, p.stays) })
  const close = async () => {
    await conversation.loop.close()
    await provider[Symbol.asyncDispose]()
  }
  return { name, conversation, service, close, mustConfirm: kind === 'synthesis' || p.moment === undefined }
}

async function holdAll(wanted: readonly (() => Promise<Held>)[]): Promise<Held[]> {
  const held = await Promise.all(wanted.map((begin) => begin()))
  await passTime(time, voice, { until: () => held.every(({ conversation }) => conversation.end), msMax: CALL_MS_MAX, paceMs: 0 })
  return held
}

/** What is held of every conversation. */
async function check(held: Held): Promise<void> {
  try {
    judge(held)
  } finally {
    await leave(held)
  }
}

function judge({ name, conversation, mustConfirm }: Held): void {
  const { said, heard, longestSilenceMs, end, faults } = conversation
  const told = `${name}: ${JSON.stringify({ longestSilenceMs, end: end?.end, said, heard, faults })}`
  assert.ok(end, `never ends: ${told}`)
  assert.ok(longestSilenceMs <= SILENCE_MS_MAX, `silent for ${longestSilenceMs} ms: ${told}`)
  assert.match(said.at(-1) ?? '', /再见。$/, `no goodbye: ${told}`)
  if (mustConfirm) assert.equal(conversation.loop.conversation, 'confirmed', told)
}

/** Whatever became of it, nothing stays behind. */
async function leave({ name, service, close }: Held): Promise<void> {
  await passing(close())
  await passTime(time, voice, { until: () => (service.open ?? 0) === 0, msMax: 2_000, paceMs: 0 })
  assert.equal(service.open ?? 0, 0, `${name}: connections are left`)
  await passing(service[Symbol.asyncDispose]())
}

/** Time goes on while something is waited for. */
async function passing(work: PromiseLike<void>): Promise<void> {
  let over = false
  void work.then(() => (over = true))
  await passTime(time, voice, { until: () => over, msMax: 10_000, paceMs: 0 })
  assert.ok(over, 'does not close')
  await work
}

function chosen(rows: readonly string[], fault: Fault): { row: string; moment: Moment; stays: boolean }[] {
  const of = (row: string) => (Object.keys(moments) as Moment[]).flatMap((moment) => [true, false].map((stays) => ({ row, moment, stays })))
  return rows.flatMap((row, i) => of(row).filter((_, j) => isWhole || (i + j + faults.indexOf(fault as (typeof faults)[number])) % 4 === 0))
}

const rowsOf = { recognition: Object.keys(recognition), synthesis: Object.keys(synthesis) } as const
const kinds = ['recognition', 'synthesis'] as const

void test('without a fault every service leads to the end of the conversation', async () => {
  const held = await holdAll(kinds.flatMap((kind) => rowsOf[kind].map((row) => () => hold(row, kind, row, { fault: 'none', moment: undefined, stays: false }))))
  for (const one of held) await check(one)
})

void test('whatever fails, nobody is left in silence, and every call ends', async (t) => {
  const wanted = kinds.flatMap((kind) => faults.flatMap((fault) => chosen(rowsOf[kind], fault).map((one) => ({ kind, fault, ...one }))))
  const held = await holdAll(wanted.map(({ kind, fault, row, moment, stays }) => () => hold(`${row}, ${fault} ${moments[moment]} ${stays ? 'and stays' : 'and passes'}`, kind, row, { fault, moment, stays })))
  for (const kind of kinds) {
    for (const fault of faults) {
      await t.test(`${kind}: ${fault}`, async (t) => {
        const these = held.filter((_, i) => wanted[i]!.kind === kind && wanted[i]!.fault === fault)
        const wrong: string[] = []
        for (const one of these) await check(one).catch((error: unknown) => wrong.push((error as Error).message))
        assert.deepEqual(wrong, [])
        t.diagnostic(JSON.stringify({ conversations: these.length, longestSilenceMs: Math.max(...these.map(({ conversation }) => conversation.longestSilenceMs)) }))
      })
    }
  }
})
