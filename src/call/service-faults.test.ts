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
import type { Fault } from '../speech/sockets/fake-service.ts'
import { createCosyVoice } from '../speech/tts/cosyvoice.ts'
import { fakeCosyVoice, fakeNlsTts, fakeSpeech } from '../speech/tts/fake-services.ts'
import { createNlsTts } from '../speech/tts/nls.ts'
import { OpenAiTts } from '../speech/tts/openai.ts'
import type { TtsProvider } from '../speech/tts/provider.ts'
import { unhurried, type Moment } from './service-faults-rig.ts'
import { FaultStage, type Held } from './service-faults-stage.ts'

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
/** Of the whole table (448 conversations, more than a minute of CPU) a quarter, unless SERVICE_FAULTS=all: each service with each fault at two moments. */
const isWhole = process.env['SERVICE_FAULTS'] === 'all'

const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())
const stage = stack.use(await FaultStage.open())

function atMoment(moment: Moment | undefined, service: Service, fault: Fault, stays: boolean): ReadonlyMap<Moment, () => void> {
  if (moment === undefined) return new Map()
  return new Map([[moment, () => {
    if (service.strike) service.strike(fault)
    else service.fault = fault
    if (!stays) setTimeout(() => (service.fault = 'none'), PASSES_AFTER_MS)
  }]])
}

async function hold(name: string, kind: 'recognition' | 'synthesis', row: string, p: { fault: Fault; moment: Moment | undefined; stays: boolean }): Promise<Held> {
  const asr = kind === 'recognition' ? await recognition[row]!(stage.ears) : undefined
  const tts = kind === 'synthesis' ? await synthesis[row]!(unhurried(stage.voice)) : undefined
  const { service, provider } = (asr ?? tts)!
  stack.use(service)
  const conversation = stage.begin({ asr: asr?.provider, tts: tts?.provider, at: atMoment(p.moment, service, p.fault, p.stays) })
  return { name, conversation, mustConfirm: kind === 'synthesis' || p.moment === undefined, close: async () => await provider[Symbol.asyncDispose](), left: () => service.open ?? 0 }
}

async function holdAll(wanted: readonly (() => Promise<Held>)[]): Promise<Held[]> {
  const held = await Promise.all(wanted.map((begin) => begin()))
  await stage.untilAllEnded(held)
  return held
}

function chosen(rows: readonly string[], fault: Fault): { row: string; moment: Moment; stays: boolean }[] {
  const of = (row: string) => (Object.keys(moments) as Moment[]).flatMap((moment) => [true, false].map((stays) => ({ row, moment, stays })))
  return rows.flatMap((row, i) => of(row).filter((_, j) => isWhole || (i + j + faults.indexOf(fault as (typeof faults)[number])) % 4 === 0))
}

const rowsOf = { recognition: Object.keys(recognition), synthesis: Object.keys(synthesis) } as const
const kinds = ['recognition', 'synthesis'] as const

void test('without a fault every service leads to the end of the conversation', async () => {
  const held = await holdAll(kinds.flatMap((kind) => rowsOf[kind].map((row) => () => hold(row, kind, row, { fault: 'none', moment: undefined, stays: false }))))
  for (const one of held) await stage.check(one)
})

void test('whatever fails, nobody is left in silence, and every call ends', async (t) => {
  const wanted = kinds.flatMap((kind) => faults.flatMap((fault) => chosen(rowsOf[kind], fault).map((one) => ({ kind, fault, ...one }))))
  const held = await holdAll(wanted.map(({ kind, fault, row, moment, stays }) => () => hold(`${row}, ${fault} ${moments[moment]} ${stays ? 'and stays' : 'and passes'}`, kind, row, { fault, moment, stays })))
  for (const kind of kinds) {
    for (const fault of faults) {
      await t.test(`${kind}: ${fault}`, async (t) => {
        const these = held.filter((_, i) => wanted[i]!.kind === kind && wanted[i]!.fault === fault)
        const wrong: string[] = []
        for (const one of these) await stage.check(one).catch((error: unknown) => wrong.push((error as Error).message))
        assert.deepEqual(wrong, [])
        t.diagnostic(JSON.stringify({ conversations: these.length, longestSilenceMs: Math.max(...these.map(({ conversation }) => conversation.longestSilenceMs)) }))
      })
    }
  }
})
