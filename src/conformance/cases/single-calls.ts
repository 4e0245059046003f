// Cases of the operations on single calls beside SmartCall: their parameters, and the records of calls. Does not know callbacks.
import { setTimeout as sleep } from 'node:timers/promises'
import { prodId, type Bench, type Scene } from '../bench.ts'
import type { Case, Need, Target } from '../case.ts'
import { pages } from '../pages.ts'
import type { Item } from '../reference.ts'
import type { Ask } from '../rpc.ts'

type Params = NonNullable<Ask['params']>
type Row = readonly [parameter: string, what: string, params: Params | ((target: Target) => Params), expected: readonly string[], needs?: readonly Need[]]

const ok = ['OK'] as const
const page = pages.metadata
const wrong = (name: string): string[] => ['isv.INVALID_PARAMETERS', '400 InvalidParameters', `400 Invalid${name}`]
const noNumber = ['isv.MOBILE_NUMBER_ILLEGAL'] as const
const noTemplate = ['isv.TTS_TEMPLATE_ILLEGAL', 'isv.TEMPLATE_ILLEGAL'] as const

const tts = ({ target }: Bench): Params => ({ CalledNumber: target.callees.busy, CalledShowNumber: target.shown ?? '', TtsCode: target.template!.code, TtsParam: JSON.stringify(target.template!.values), PlayTimes: 1 })
const voice = ({ target }: Bench): Params => ({ CalledNumber: target.callees.busy, CalledShowNumber: target.shown ?? '', VoiceCode: target.voiceFile!, PlayTimes: 1 })
const ivr = ({ target }: Bench): Params => {
  const TtsParams = JSON.stringify(target.template!.values)
  return { CalledNumber: target.callees.busy, CalledShowNumber: target.shown ?? '05710000000', StartCode: target.template!.code, StartTtsParams: TtsParams, PlayTimes: 1, 'MenuKeyMap.1.Key': '1', 'MenuKeyMap.1.Code': target.template!.code, 'MenuKeyMap.1.TtsParams': TtsParams, ByeCode: target.template!.code, ByeTtsParams: TtsParams, Timeout: 3_000 }
}
const dial = ({ target }: Bench): Params => ({ CallerNumber: target.callees.busy, CallerShowNumber: target.shown ?? '05710000000', CalledNumber: target.callees.colleague, CalledShowNumber: target.shown ?? '05710000000' })

const common: readonly Row[] = [
  ['CalledNumber', 'missing', { CalledNumber: undefined }, ['400 MissingCalledNumber', ...noNumber]],
  ['CalledNumber', 'no number', { CalledNumber: '12345x' }, noNumber],
  ['CalledShowNumber', 'a number that is not the account\'s', ({ foreign }) => ({ CalledShowNumber: foreign! }), ['isv.BILLID_NOT_EXIST', 'isv.DISPLAY_NUMBER_ILLEGAL'], ['foreign']],
  ['PlayTimes', '1', { PlayTimes: 1 }, ok],
  ['PlayTimes', '3', { PlayTimes: 3 }, ok],
  ['PlayTimes', 'absent', { PlayTimes: undefined }, ok],
  ['PlayTimes', '4', { PlayTimes: 4 }, wrong('PlayTimes')],
  ['PlayTimes', '0', { PlayTimes: 0 }, wrong('PlayTimes')],
  ['OutId', '15 bytes', { OutId: '123456789012345' }, ok],
  ['OutId', '16 bytes', { OutId: '1234567890123456' }, ['isv.PARAM_LENGTH_LIMIT', 'isv.INVALID_PARAMETERS']],
]
/** A recording has the pace that it has: what is beyond the range may be overlooked. */
const loudness = (fastest: readonly string[]): readonly Row[] => [
  ['Volume', '0', { Volume: 0 }, ok],
  ['Volume', '100', { Volume: 100 }, ok],
  ['Volume', '101', { Volume: 101 }, wrong('Volume')],
  ['Speed', '−500', { Speed: -500 }, ok],
  ['Speed', '500', { Speed: 500 }, ok],
  ['Speed', '501', { Speed: 501 }, fastest],
  ['CalledShowNumber', 'empty: any', { CalledShowNumber: '' }, ok],
]
const templateCodes = (code: string, params: string): readonly Row[] => [
  [code, 'missing', { [code]: undefined }, [`400 Missing${code}`, 'isv.INVALID_PARAMETERS', ...noTemplate]],
  [code, 'a template that there is not', { [code]: 'TTS_404404' }, noTemplate],
  [params, 'without the variables of the template', { [params]: '{}' }, ['isv.TEMPLATE_MISSING_PARAMETERS']],
  [params, 'no JSON', { [params]: '{name}' }, ['isv.INVALID_JSON_PARAM']],
  [params, 'an address in a variable', ({ template }) => ({ [params]: JSON.stringify(Object.fromEntries(Object.keys(template!.values).map((name) => [name, 'https://example.com']))) }), ['isv.PARAM_NOT_SUPPORT_URL', 'isv.TEMPLATE_PARAMS_ILLEGAL']],
  [params, 'a variable that is far too long', ({ template }) => ({ [params]: JSON.stringify(Object.fromEntries(Object.keys(template!.values).map((name) => [name, '长'.repeat(300)]))) }), ['isv.PARAM_LENGTH_LIMIT', 'isv.TEMPLATE_PARAMS_ILLEGAL']],
]
const menu: readonly Row[] = [
  ['CalledShowNumber', 'missing', { CalledShowNumber: undefined }, ['400 MissingCalledShowNumber', 'isv.INVALID_PARAMETERS', 'isv.DISPLAY_NUMBER_ILLEGAL']],
  ['StartCode', 'a voice file', ({ voiceFile }) => ({ StartCode: voiceFile!, StartTtsParams: undefined }), ok, ['voiceFile']],
  ['MenuKeyMap.N.Key', 'no key of a telephone', { 'MenuKeyMap.1.Key': 'A' }, wrong('MenuKeyMap')],
  ['MenuKeyMap.N.Key', 'all 12 of a telephone', () => Object.fromEntries(['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '*', '#'].map((key, i) => [`MenuKeyMap.${i + 1}.Key`, key])), ok],
  ['MenuKeyMap.N.Key', '16 of them', () => Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`MenuKeyMap.${i + 1}.Key`, String(i % 10)])), wrong('MenuKeyMap')],
  ['MenuKeyMap.N.Code', 'a voice file', ({ voiceFile }) => ({ 'MenuKeyMap.1.Code': voiceFile!, 'MenuKeyMap.1.TtsParams': undefined }), ok, ['voiceFile']],
  ['MenuKeyMap.N.Code', 'a template that there is not', { 'MenuKeyMap.1.Code': 'TTS_404404' }, noTemplate],
  ['MenuKeyMap.N.TtsParams', 'without the variables of the template', { 'MenuKeyMap.1.TtsParams': '{}' }, ['isv.TEMPLATE_MISSING_PARAMETERS']],
  ['ByeCode', 'absent', { ByeCode: undefined, ByeTtsParams: undefined }, ok],
  ['ByeCode', 'a voice file', ({ voiceFile }) => ({ ByeCode: voiceFile!, ByeTtsParams: undefined }), ok, ['voiceFile']],
  ['ByeCode', 'a template that there is not', { ByeCode: 'TTS_404404' }, noTemplate],
  ['ByeTtsParams', 'without the variables of the template', { ByeTtsParams: '{}' }, ['isv.TEMPLATE_MISSING_PARAMETERS']],
  ['Timeout', '3000', { Timeout: 3_000 }, ok],
  ['Timeout', 'no number', { Timeout: 'soon' }, wrong('Timeout')],
]
const dialling: readonly Row[] = [
  ['CallerNumber', 'missing', { CallerNumber: undefined }, ['400 MissingCallerNumber', ...noNumber]],
  ['CallerNumber', 'no number', { CallerNumber: '12345x' }, noNumber],
  ['CalledNumber', 'missing', { CalledNumber: undefined }, ['400 MissingCalledNumber', ...noNumber]],
  ['CallerShowNumber', 'missing', { CallerShowNumber: undefined }, ['400 MissingCallerShowNumber', 'isv.INVALID_PARAMETERS', 'isv.DISPLAY_NUMBER_ILLEGAL']],
  ['CalledShowNumber', 'missing', { CalledShowNumber: undefined }, ['400 MissingCalledShowNumber', 'isv.INVALID_PARAMETERS', 'isv.DISPLAY_NUMBER_ILLEGAL']],
  ['AsrFlag', 'true', { AsrFlag: true }, ok],
  ['AsrModelId', 'given', { AsrFlag: true, AsrModelId: 'customer_service_8k' }, ok],
  ['RecordFlag', 'true', { RecordFlag: true }, ok],
  ['SessionTimeout', '120', { SessionTimeout: 120 }, ok],
  ['OutId', '15 bytes', { OutId: '123456789012345' }, ok],
]

const tried = (action: string, base: (bench: Bench) => Params, needs: readonly Need[], rows: readonly Row[]): Case[] =>
  rows.map(([parameter, what, params, expected, more = []]) => ({
    id: `${action}/${parameter} ${what}`, title: `${action} ${parameter}: ${what}`, page, covers: [`${action}.${parameter}` as Item], needs: [...needs, ...more], expected,
    got: (bench) => bench.code({ action, params: { ...base(bench), ...(typeof params === 'function' ? params(bench.target) : params) } }),
  }))

const answered = (action: string, base: (bench: Bench) => Params, needs: readonly Need[], covers: readonly Item[]): Case => ({
  id: `${action}/answer`, title: `${action}: CallId`, page, covers, needs, expected: ['digits^digits'],
  async got(bench) {
    const CallId = await bench.place({ action, params: base(bench) })
    return /^\d{12}\^\d{11,12}$/.test(CallId) ? 'digits^digits' : CallId
  },
})

/** A text that is heard to its end. */
const heard = (bench: Bench): Promise<Scene> =>
  bench.scene('a text is heard', async () => {
    const placedAtMs = Date.now()
    const callId = await bench.place({ action: 'SingleCallByTts', params: { ...tts(bench), CalledNumber: bench.callee('silent') } })
    return await bench.over(callId, prodId.tts, placedAtMs)
  })
const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/
const chinaMs = (text: string): number => Date.parse(`${text.replace(' ', 'T')}+08:00`)

type Look = readonly [field: string, expected: readonly string[], got: (scene: Scene, bench: Bench) => string]
const at = (field: string, required: boolean): Look => [field, ['a time of this call', ...(required ? [] : ['empty'])], ({ detail, placedAtMs, overAtMs }) => {
  const text = String(detail[field])
  if (text === '') return 'empty'
  // Whole seconds, and two clocks.
  return time.test(text) && chinaMs(text) >= placedAtMs - 5_000 && chinaMs(text) <= overAtMs + 5_000 ? 'a time of this call' : text
}]
const looks: readonly Look[] = [
  ['caller', ['a number'], ({ detail }) => (/^\+?\d{3,20}$/.test(String(detail['caller'])) ? 'a number' : String(detail['caller']))],
  ['callee', ['as it was called'], ({ detail }, bench) => (String(detail['callee']) === bench.callee('silent') ? 'as it was called' : String(detail['callee']))],
  ['callerShowNumber', ['a number'], ({ detail }) => (/^\+?\d{3,20}$/.test(String(detail['callerShowNumber'])) ? 'a number' : String(detail['callerShowNumber']))],
  ['calleeShowNumber', ['a number'], ({ detail }) => (/^\+?\d{3,20}$/.test(String(detail['calleeShowNumber'])) ? 'a number' : String(detail['calleeShowNumber']))],
  at('startDate', true), at('endDate', true), at('gmtCreate', true), at('bRingTime', false), at('bEndTime', false), at('aRingTime', false), at('aEndTime', false),
  ['duration', ['the seconds between startDate and endDate, a number'], ({ detail: { duration, startDate, endDate } }) => {
    const seconds = (chinaMs(String(endDate)) - chinaMs(String(startDate))) / 1_000
    return typeof duration === 'number' && Math.abs(duration - seconds) <= 2 ? 'the seconds between startDate and endDate, a number' : `${JSON.stringify(duration)} of ${seconds} s`
  }],
  ['state', ['200000', '200001'], ({ detail }) => String(detail['state'])],
  ['stateDesc', ['a text'], ({ detail }) => (typeof detail['stateDesc'] === 'string' && detail['stateDesc'] !== '' ? 'a text' : JSON.stringify(detail['stateDesc']))],
]

const refused = (callee: 'busy' | 'announces', states: readonly string[]): Case => ({
  id: `QueryCallDetailByCallId/state ${callee}`, title: `QueryCallDetailByCallId: a callee who ${callee === 'busy' ? 'is busy' : 'has switched off'}`, page: pages.callStatus, covers: ['QueryCallDetailByCallId.state', 'QueryCallDetailByCallId.duration'], needs: [callee, 'template'], expected: states.map((state) => `${state}, 0 s, no startDate`),
  async got(bench) {
    const callId = await bench.place({ action: 'SingleCallByTts', params: { ...tts(bench), CalledNumber: bench.callee(callee) } })
    const { detail } = await bench.over(callId, prodId.tts, Date.now())
    return `${String(detail['state'])}, ${String(detail['duration'])} s, ${detail['startDate'] === '' ? 'no' : String(detail['startDate'])} startDate`
  },
})

const queryCases: readonly Case[] = [
  ...looks.map(([field, expected, got]): Case => ({ id: `QueryCallDetailByCallId/${field}`, title: `QueryCallDetailByCallId: ${field} of a call that was heard to its end`, page, covers: [`QueryCallDetailByCallId.${field}` as Item, 'QueryCallDetailByCallId.answer Data'], needs: ['silent', 'template'], expected, got: async (bench) => got(await heard(bench), bench) })),
  refused('busy', ['200002']),
  refused('announces', ['200010']),
  ...([
    ['CallId', 'missing', { CallId: undefined }, ['400 MissingCallId', 'isv.INVALID_PARAMETERS']],
    ['ProdId', 'missing', { ProdId: undefined }, ['400 MissingProdId', 'isv.INVALID_PARAMETERS']],
    ['ProdId', 'no number', { ProdId: 'tts' }, wrong('ProdId')],
    ['QueryDate', 'missing', { QueryDate: undefined }, ['400 MissingQueryDate', 'isv.INVALID_PARAMETERS']],
    ['QueryDate', 'no number', { QueryDate: 'today' }, [...wrong('QueryDate'), 'isv.QUERY_DATE_ILLEGAL']],
  ] as const satisfies readonly Row[]).map(([parameter, what, params, expected]): Case => ({ id: `QueryCallDetailByCallId/${parameter} ${what}`, title: `QueryCallDetailByCallId ${parameter}: ${what}`, page, covers: [`QueryCallDetailByCallId.${parameter}`], expected, got: (bench) => bench.code({ action: 'QueryCallDetailByCallId', params: { ...bench.query('1^2', prodId.tts), ...params } }) })),
  {
    id: 'QueryCallDetailByCallId/nothing', title: 'QueryCallDetailByCallId: a call that there is not', page, covers: ['QueryCallDetailByCallId.CallId', 'QueryCallDetailByCallId.answer Data'], expected: ['empty Data', '100008'],
    async got(bench) {
      const { fields } = await bench.ask({ action: 'QueryCallDetailByCallId', params: bench.query('116012854210^102814270000', prodId.tts) })
      return fields['Code'] === 'OK' ? (fields['Data'] === '' ? 'empty Data' : JSON.stringify(fields['Data'])) : String(fields['Code'])
    },
  },
  {
    id: 'QueryCallDetailByCallId/other-product', title: 'QueryCallDetailByCallId: the ProdId of another kind of call', page, covers: ['QueryCallDetailByCallId.ProdId'], needs: ['silent', 'template'], expected: ['nothing'],
    async got(bench) {
      const { callId } = await heard(bench)
      return Object.keys(await bench.detail(callId, prodId.ivr)).length === 0 ? 'nothing' : 'the call'
    },
  },
  {
    id: 'QueryCallDetailByCallId/other-day', title: 'QueryCallDetailByCallId: a QueryDate three days before the call', page, covers: ['QueryCallDetailByCallId.QueryDate'], needs: ['silent', 'template'], expected: ['nothing'],
    async got(bench) {
      const { callId } = await heard(bench)
      const { fields } = await bench.ask({ action: 'QueryCallDetailByCallId', params: { ...bench.query(callId, prodId.tts), QueryDate: Date.now() - 3 * 86_400_000 } })
      return fields['Data'] === '' || fields['Code'] !== 'OK' ? 'nothing' : 'the call'
    },
  },
]

const operateCases: readonly Case[] = [
  { id: 'CancelCall/CallId missing', title: 'CancelCall CallId: missing', page, covers: ['CancelCall.CallId'], expected: ['400 MissingCallId', 'isv.INVALID_PARAMETERS'], got: (bench) => bench.code({ action: 'CancelCall' }) },
  { id: 'CancelCall/CallId of no call', title: 'CancelCall CallId: a call that there is not', page, covers: ['CancelCall.CallId'], expected: ['isv.INVALID_PARAMETERS', 'isv.VOICE_CALL_FAIL'], got: (bench) => bench.code({ action: 'CancelCall', params: { CallId: '116012854210^102814270000' } }) },
  {
    id: 'CancelCall/ringing', title: 'CancelCall: a call that rings ends', page, covers: ['CancelCall.CallId', 'CancelCall.answer Status'], needs: ['rings', 'template'], expected: ['Status true, then false; duration 0'],
    async got(bench) {
      const placedAtMs = Date.now()
      const CallId = await bench.place({ action: 'SingleCallByTts', params: { ...tts(bench), CalledNumber: bench.callee('rings') } })
      await sleep(500)
      const first = await bench.ask({ action: 'CancelCall', params: { CallId } })
      const { detail } = await bench.over(CallId, prodId.tts, placedAtMs)
      const second = await bench.ask({ action: 'CancelCall', params: { CallId } })
      return `Status ${String(first.fields['Status'])}, then ${String(second.fields['Status'])}; duration ${String(detail['duration'])}`
    },
  },
  ...([
    ['CallId', 'missing', { CallId: undefined, Command: 'parallelBridge' }, ['400 MissingCallId', 'isv.INVALID_PARAMETERS']],
    ['CallId', 'a call that there is not', { CallId: '116012854210^102814270000', Command: 'parallelBridge' }, ['isv.INVALID_PARAMETERS', 'isv.VOICE_CALL_FAIL']],
    ['Command', 'missing', { CallId: '116012854210^102814270000' }, ['400 MissingCommand', 'isv.INVALID_PARAMETERS']],
    ['Command', 'another', { CallId: '116012854210^102814270000', Command: 'hangup' }, ['isv.INVALID_PARAMETERS', '400 InvalidCommand']],
    ['Param', 'ignored', { CallId: '116012854210^102814270000', Command: 'parallelBridge', Param: 'x' }, ['isv.INVALID_PARAMETERS', 'isv.VOICE_CALL_FAIL']],
  ] as const).map(([parameter, what, params, expected]): Case => ({ id: `SmartCallOperate/${parameter} ${what}`, title: `SmartCallOperate ${parameter}: ${what}`, page, covers: [`SmartCallOperate.${parameter}`], expected, got: (bench) => bench.code({ action: 'SmartCallOperate', params }) })),
]

const ofTts: readonly Need[] = ['busy', 'template']
export const singleCallCases: readonly Case[] = [
  ...tried('SingleCallByTts', tts, ofTts, [...common, ...loudness(wrong('Speed')), ...templateCodes('TtsCode', 'TtsParam')]),
  answered('SingleCallByTts', tts, ofTts, ['SingleCallByTts.answer CallId', 'SingleCallByTts.TtsCode', 'SingleCallByTts.TtsParam']),
  ...tried('SingleCallByVoice', voice, ['busy', 'voiceFile'], [
    ...common, ...loudness([...wrong('Speed'), 'OK']),
    ['VoiceCode', 'missing', { VoiceCode: undefined }, ['400 MissingVoiceCode', 'isv.INVALID_PARAMETERS', 'isv.VOICE_FILE_ILLEGAL']],
    ['VoiceCode', 'a file that there is not', { VoiceCode: 'nothing-of-the-kind.wav' }, ['isv.VOICE_FILE_ILLEGAL']],
    ['VoiceCode', 'a way out of the folder', { VoiceCode: '../../etc/passwd' }, ['isv.VOICE_FILE_ILLEGAL']],
  ]),
  answered('SingleCallByVoice', voice, ['busy', 'voiceFile'], ['SingleCallByVoice.answer CallId', 'SingleCallByVoice.VoiceCode']),
  ...tried('IvrCall', ivr, ofTts, [...common, ...templateCodes('StartCode', 'StartTtsParams'), ...menu]),
  answered('IvrCall', ivr, ofTts, ['IvrCall.answer CallId', 'IvrCall.StartCode', 'IvrCall.StartTtsParams', 'IvrCall.MenuKeyMap.N.Key', 'IvrCall.MenuKeyMap.N.TtsParams', 'IvrCall.Timeout', 'IvrCall.ByeTtsParams', 'Gateway.repeat list']),
  ...tried('ClickToDial', dial, ['busy', 'colleague'], dialling),
  answered('ClickToDial', dial, ['busy', 'colleague'], ['ClickToDial.answer CallId']),
  ...queryCases,
  ...operateCases,
]
