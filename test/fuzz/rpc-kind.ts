// Knows how the RPC gateway lives through damaged requests: parameters that are odd but signed, and whole requests that somebody changed after they were signed.
// Whatever came, it is answered below 500, and nothing is done but what the holder of a key has signed.
import assert from 'node:assert/strict'
import { pino } from 'pino'
import { Gateway, type GatewayRequest } from '../../src/api/aliyun/gateway.ts'
import { operations } from '../../src/api/aliyun/index.ts'
import { MemoryNonces, memoryKeys, memorySounds, memoryTemplates, signedV1, signedV3, temporaryKey, testKey } from '../../src/api/aliyun/testing.ts'
import { ManualClock, MemoryCalls } from '../../src/api/testing.ts'
import { SingleCalls } from '../../src/dialer/single-calls.ts'
import type { Dice, FuzzCase, FuzzKind, Probe } from './fuzz-kind.ts'
import { mutateText } from './mutate-text.ts'

const odd = ['', ' ', '0', '-1', '4', '1e9', '9'.repeat(40), 'true', 'null', '{}', '[]', '{"name":"张总"}', '{"name":{}}', '["name","name"]', '[{"number":"all","params":[]}]', '[{"number":{},"params":[{}]}]', '2026-02-30 25:61:00', '{"__proto__":"x"}', '{', '\0', '\ufffd', '\u202e', '😀', "' or 1=1 --", '../../etc/passwd', '<b>&amp;', 'x'.repeat(5_000), '%00', '$name$', '110', '13800138000,13800138001', 'TTS_1', 'TTS_2', 'welcome', '../welcome', '116012854210^102814270000', '__proto__']

const plain: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SingleCallByTts: { CalledNumber: '13800138000', CalledShowNumber: '05710000000', TtsCode: 'TTS_1', TtsParam: '{"name":"喂 (1)~"}', PlayTimes: '2', OutId: 'crm' },
  SingleCallByVoice: { CalledNumber: '13800138000', VoiceCode: 'welcome.wav', PlayTimes: '1' },
  IvrCall: { CalledNumber: '13800138000', CalledShowNumber: '05710000000', StartCode: 'TTS_2', 'MenuKeyMap.1.Key': '1', 'MenuKeyMap.1.Code': 'TTS_2', ByeCode: 'TTS_2', Timeout: '3000' },
  CancelCall: { CallId: '116012854210^102814270000' },
  QueryCallDetailByCallId: { CallId: '116012854210^102814270000', ProdId: '11010000138001', QueryDate: '0' },
  SmartCall: { CalledNumber: '13800138000', VoiceCode: '$name$' },
  BatchRobotSmartCall: { CalledNumber: '13800138000,13800138001', CalledShowNumber: '05710000000', DialogId: '100000004', TaskName: '停水', CorpName: '阳光物业', ScheduleTime: '1', TtsParamHead: '["name"]', TtsParam: '[{"number":"all","params":["业主"]},{"number":13800138000,"params":["张伟"]}]' },
  CreateRobotTask: { TaskName: '停水', DialogId: '100000004', Caller: '05710000000', NumberStatusIdent: 'true', RetryType: '1', RecallStateCodes: '200002,200010', RecallTimes: '1', RecallInterval: '2', IsSelfLine: 'true' },
  StartRobotTask: { TaskId: '4000000001', ScheduleTime: '2026-11-20 15:00:00' },
  QueryRobotTaskCallList: { TaskId: '4000000001', CallResult: '200002', DialogCountFrom: '1', DurationTo: '9', PageNo: '1', PageSize: '100' },
}

/** As the wire has it; bytes as latin1. The first step is what was signed, the second what arrives. */
export const rpc: FuzzKind = {
  draw(dice): FuzzCase {
    const signed = write(drawRequest(dice))
    const arrives = dice.chance(0.35) ? signed : mutateText(signed, dice)
    return [signed, arrives].map((text) => ({ bytes: Buffer.from(text, 'latin1'), waitMs: 0 }))
  },
  play,
}

function drawRequest(dice: Dice): GatewayRequest {
  const action = dice.pick(Object.keys(plain))
  const params: Record<string, string> = { ...plain[action] }
  for (let i = dice.below(4); i > 0; i -= 1) params[dice.chance(0.8) ? dice.pick(Object.keys(plain[action]!)) : dice.pick(['RegionId', 'MenuKeyMap.2.Key', 'MenuKeyMap.16.Key', '__proto__', 'constructor', 'Extra', '喂', ''])] = dice.pick(odd)
  const key = dice.pick([testKey, testKey, temporaryKey, { id: 'nobody', secret: 'x' }])
  const method = dice.pick(['GET', 'POST', 'POST'])
  const nonce = String(dice.below(2 ** 30))
  if (dice.chance(0.5)) return signedV3({ action, method, params, key, place: method === 'GET' ? 'query' : dice.pick(['query', 'form']), headers: { 'x-acs-signature-nonce': nonce } })
  return signedV1({ action, method, key, params: { ...params, SignatureNonce: nonce, Format: dice.pick(['JSON', 'json', 'XML', 'YAML']) }, place: method === 'GET' ? 'query' : dice.pick(['query', 'form', 'both']) })
}

function write({ method, url, headers, body }: GatewayRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
  return Buffer.from(`${method} ${url}\r\n${lines.join('\r\n')}\r\n\r\n`, 'utf8').toString('latin1') + body.toString('latin1')
}

function read(bytes: Uint8Array): GatewayRequest {
  const text = Buffer.from(bytes).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const [head, body] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 4)]
  const [first = '', ...lines] = head.split('\r\n')
  const [method = '', url = ''] = first.split(' ')
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (const line of lines) {
    const at = line.indexOf(':')
    if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim()
  }
  return { method, url, headers, body: Buffer.from(body, 'latin1'), address: '10.0.0.9' }
}

/** What our own code failed on. One logger for all: making one takes longer than answering. */
const mistakes: string[] = []
const log = pino({ level: 'error' }, { write: (line: string) => void mistakes.push(line) })

/** What a gateway did about a request: calls that were placed and ended. */
async function effect(request: GatewayRequest, probe: Probe | undefined): Promise<{ done: string; status: number }> {
  const calls = new MemoryCalls()
  const clock = new ManualClock()
  mistakes.length = 0
  const gateway = new Gateway({
    calls, singleCalls: new SingleCalls({ calls, templates: memoryTemplates, sounds: memorySounds, now: () => 0 }), operations, keys: memoryKeys(), nonces: new MemoryNonces(), clock, log,
  })
  const answering = probe ? probe.input(request.body.length > 0 ? request.body : Buffer.from(request.url), () => gateway.answer(request)) : gateway.answer(request)
  const answer = await answering
  assert.deepEqual(mistakes, [], 'a fault of ours')
  assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} ${answer.body}`)
  if (answer.type.startsWith('application/json')) JSON.parse(answer.body)
  else assert.match(answer.body, /^<\?xml [^>]+><(\w+)>.*<\/\1>$/s)
  const replayed = await gateway.answer(request)
  assert.ok(answer.accountId === undefined || replayed.accountId === undefined, 'a nonce was good for twice')
  // The names under which calls are filed are random.
  const placed = calls.requests.map((request_) => ({ ...request_, ticket: request_.ticket && { ...request_.ticket, wireId: '' } }))
  return { done: JSON.stringify([placed, calls.stopped]), status: answer.status }
}

const nothing = JSON.stringify([[], []])

async function play(steps: FuzzCase, probe: Probe): Promise<void> {
  const [signed, arrives] = steps.map(({ bytes }) => read(bytes))
  const asSigned = await effect(signed!, undefined)
  const { done } = await effect(arrives!, probe)
  // Some changes change nothing: a header that nobody reads, another way to write the same character.
  if (done !== nothing) assert.equal(done, asSigned.done, 'something was done that was not signed')
}
