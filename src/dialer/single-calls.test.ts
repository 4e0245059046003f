import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { callbackServerDefaults } from '../robot/callback/plan.ts'
import type { CallService, PlaceRequest } from './call-service.ts'
import { SingleCalls, type Conversation } from './single-calls.ts'

const settings = {
  url: 'https://example.com/call/ai', parameters: 'query', timeoutMs: 3_000, retriesMax: 1, waiting: '稍等', fallback: '请再说一遍', closing: '再见',
  saysSynthetic: false, callCentres: { sales: '+8657112345678' },
} as const

function smart(more: Partial<typeof settings> | undefined = {}) {
  const placed: PlaceRequest[] = []
  const calls = { place: (request: PlaceRequest) => { placed.push(request); return Promise.resolve({ callIds: ['call_1'], replayed: false }) } } as unknown as CallService
  const single = new SingleCalls({
    calls,
    templates: { fill: () => Promise.reject(new Error('no template is asked for')) },
    callbackServers: { find: (accountId) => Promise.resolve(accountId === 'acc_1' ? { ...settings, ...more } : undefined) },
    knowsVoice: (name) => name === 'xiaoyun',
    sounds: { read: (name) => (name === 'acc_1-hello.wav' ? Promise.resolve(new Int16Array(1)) : Promise.reject(new NotFoundError('sound', name))) },
    now: () => 1_700_000_000_000,
  })
  return { single, placed }
}

const call = { accountId: 'acc_1', called: '13800138000', shown: '0571 0000-0000', outId: 'crm-1' }
const conversation: Conversation = { opening: { code: 'hello.wav,$name$', texts: { name: '张总您好' }, breakable: true, timeBreakMs: 0 }, muteMs: 10_000, pauseMs: 800, talkMsMax: 60_000, recorded: true, itn: false, voice: { level: 1.3 } }
const wrongAt = (field: string) => (error: unknown) => error instanceof InvalidInputError && error.field === field

test('a conversation is placed with all that its robot needs, as the account is set up now', async () => {
  const { single, placed } = smart()
  const wireId = await single.converse(call, conversation)
  assert.match(wireId, /^1\d{11}\^170000000000$/)
  const [{ callback, ticket, userRequirement, callerIfReal, announcement, source }] = placed as [PlaceRequest]
  assert.deepEqual([ticket, callerIfReal, announcement, source], [{ wireId, product: 'smart', shownNumber: '0571 0000-0000', outId: 'crm-1' }, '057100000000', undefined, 'aliyun'])
  assert.equal(userRequirement, '（录音 acc_1-hello.wav）张总您好')
  const { saysSynthetic: _, callCentres, ...server } = settings
  assert.deepEqual(callback, {
    ...conversation, wireId, filePrefix: 'acc_1-', callCentres, background: undefined,
    server: { ...callbackServerDefaults, ...server },
    opening: { ...conversation.opening, notice: '以下内容由人工智能合成语音播报。' },
  })
})

test('that the voice is synthetic is said unless somebody else says it, or no synthetic voice is heard', async () => {
  const noticed = async (more: Partial<typeof settings>, opening: Partial<Conversation['opening']>) => {
    const { single, placed } = smart(more)
    await single.converse(call, { ...conversation, opening: { ...conversation.opening, ...opening } })
    return placed[0]!.callback!.opening.notice !== undefined
  }
  assert.equal(await noticed({}, {}), true)
  assert.equal(await noticed({ saysSynthetic: true as never }, {}), false)
  assert.equal(await noticed({}, { texts: { name: '本次为AI合成语音，张总您好' } }), false)
  assert.equal(await noticed({}, { code: 'hello.wav' }), false)
})

test('a voice is wished for only where the synthesiser has it', async () => {
  const { single, placed } = smart()
  for (const name of ['xiaoyun', 'nobody']) await single.converse(call, { ...conversation, voice: { name, speed: 100 } })
  assert.deepEqual(placed.map(({ callback }) => callback!.voice), [{ name: 'xiaoyun', speed: 100 }, { speed: 100 }])
})

test('a file of the background goes by the account\'s own name', async () => {
  const { single, placed } = smart()
  await single.converse(call, { ...conversation, background: 'hello.wav' })
  assert.equal(placed[0]!.callback!.background, 'acc_1-hello.wav')
})

test('what could not be played, or led by nobody, is refused before anything is placed', async () => {
  const { single, placed } = smart()
  const opened = (opening: Partial<Conversation['opening']>) => single.converse(call, { ...conversation, opening: { ...conversation.opening, ...opening } })
  await assert.rejects(single.converse({ ...call, accountId: 'acc_2' }, conversation), wrongAt('callback-server'))
  await assert.rejects(opened({ code: '$other$' }), wrongAt('template-missing'))
  await assert.rejects(opened({ texts: {} }), wrongAt('template-missing'))
  for (const code of ['gone.wav', '../hello.wav', 'hello.wav,gone.wav', 'https://', ',']) await assert.rejects(opened({ code }), wrongAt('voice-file'), code)
  await assert.rejects(single.converse(call, { ...conversation, background: 'gone.wav' }), wrongAt('voice-file'))
  assert.deepEqual(placed, [])
})
