// Cases of SmartCall's request: every parameter with its rule, tried on a callee who refuses at once. What parameters do in a conversation is in conversation.ts.
import type { Case, Need } from '../case.ts'
import { pages } from '../pages.ts'
import type { Item } from '../reference.ts'
import type { Ask } from '../rpc.ts'

type Row = readonly [parameter: string, what: string, params: Ask['params'] | ((file: string) => Ask['params']), expected: readonly string[], needs?: readonly Need[]]

const ok = ['OK'] as const
/** Not published for every parameter: any of the codes for what is wrong with one. */
const wrong = (name: string): string[] => ['isv.INVALID_PARAMETERS', '400 InvalidParameters', `400 Invalid${name}`]
const longer = ['isv.PARAM_LENGTH_LIMIT', 'isv.INVALID_PARAMETERS'] as const
const file = ['isv.VOICE_FILE_ILLEGAL'] as const
const number = ['isv.MOBILE_NUMBER_ILLEGAL'] as const

const rows: readonly Row[] = [
  ['CalledShowNumber', 'of the account', {}, ok, ['shown']],
  ['CalledShowNumber', 'missing', { CalledShowNumber: undefined }, ['400 MissingCalledShowNumber', 'isv.INVALID_PARAMETERS', 'isv.DISPLAY_NUMBER_ILLEGAL']],
  ['CalledShowNumber', 'no number', { CalledShowNumber: 'my number' }, ['isv.DISPLAY_NUMBER_ILLEGAL', 'isv.BILLID_NOT_EXIST']],
  ['CalledNumber', 'missing', { CalledNumber: undefined }, ['400 MissingCalledNumber', 'isv.MOBILE_NUMBER_ILLEGAL']],
  ['CalledNumber', 'no number', { CalledNumber: '12345x' }, number],
  ['CalledNumber', 'two numbers', { CalledNumber: '13900000000,13900000001' }, [...number, 'isv.MOBILE_COUNT_OVER_LIMIT']],
  ['CalledNumber', 'an emergency number', { CalledNumber: '110' }, number],
  ['VoiceCode', 'missing', { VoiceCode: undefined }, ['400 MissingVoiceCode', 'isv.INVALID_PARAMETERS', ...file]],
  ['VoiceCode', 'a variable', {}, ok],
  ['VoiceCode', 'a file', (code) => ({ VoiceCode: code, VoiceCodeParam: undefined }), ok, ['voiceFile']],
  ['VoiceCode', 'a file, a variable, an address', (code) => ({ VoiceCode: `${code},$name$,https://example.com/hello.wav` }), ok, ['voiceFile']],
  ['VoiceCode', 'a file that there is not', { VoiceCode: 'nothing-of-the-kind.wav' }, file],
  ['VoiceCode', 'a file that there is not, after a variable', { VoiceCode: '$name$,nothing-of-the-kind.wav' }, file],
  ['VoiceCode', 'a variable without text', { VoiceCode: '$name$,$other$' }, ['isv.TEMPLATE_MISSING_PARAMETERS']],
  ['VoiceCodeParam', 'absent, with a variable', { VoiceCodeParam: undefined }, ['isv.TEMPLATE_MISSING_PARAMETERS']],
  ['VoiceCodeParam', 'a text that says 喂', { VoiceCodeParam: '{"name":"喂,你好"}' }, ok],
  ['VoiceCodeParam', 'no JSON', { VoiceCodeParam: '{name}' }, ['isv.INVALID_JSON_PARAM']],
  ['VoiceCodeParam', 'a JSON list', { VoiceCodeParam: '["name"]' }, ['isv.INVALID_JSON_PARAM']],
  ['RecordFlag', 'true', { RecordFlag: true }, ok],
  ['RecordFlag', 'False', { RecordFlag: 'False' }, ok],
  ['RecordFlag', 'neither', { RecordFlag: 'maybe' }, wrong('RecordFlag')],
  ['Volume', '−4', { Volume: -4 }, ok],
  ['Volume', '4', { Volume: 4 }, ok],
  ['Volume', '5', { Volume: 5 }, wrong('Volume')],
  ['Volume', 'no number', { Volume: 'loud' }, wrong('Volume')],
  ['Speed', 'ignored', { Speed: 9_999 }, ok],
  ['AsrModelId', 'a base model', { AsrModelId: 'customer_service_8k' }, ok],
  ['AsrBaseId', 'customer_service_8k', { AsrBaseId: 'customer_service_8k' }, ok],
  ['AsrBaseId', 'dialect_customer_service_8k', { AsrBaseId: 'dialect_customer_service_8k' }, ok],
  ...[300, 1_200].map((value): Row => ['PauseTime', String(value), { PauseTime: value }, ok]),
  ...[299, 1_201, -1, 0].map((value): Row => ['PauseTime', `${value}: 800, no error`, { PauseTime: value }, ok]),
  ['PauseTime', 'no number', { PauseTime: 'soon' }, wrong('PauseTime')],
  ...[1_000, 20_000].map((value): Row => ['MuteTime', String(value), { MuteTime: value }, ok]),
  ...[999, 20_001, -1].map((value): Row => ['MuteTime', `${value}: 10000, no error`, { MuteTime: value }, ok]),
  ['MuteTime', 'no number', { MuteTime: 'soon' }, wrong('MuteTime')],
  ['ActionCodeBreak', 'true', { ActionCodeBreak: true }, ok],
  ['ActionCodeBreak', 'false', { ActionCodeBreak: false }, ok],
  ['ActionCodeBreak', 'neither', { ActionCodeBreak: 'maybe' }, wrong('ActionCodeBreak')],
  ['ActionCodeTimeBreak', '120', { ActionCodeTimeBreak: 120 }, ok],
  ['ActionCodeTimeBreak', '0: off', { ActionCodeTimeBreak: 0 }, ok],
  ['ActionCodeTimeBreak', 'no number', { ActionCodeTimeBreak: 'soon' }, wrong('ActionCodeTimeBreak')],
  ['OutId', '15 bytes', { OutId: '123456789012345' }, ok],
  ['OutId', '16 bytes', { OutId: '1234567890123456' }, longer],
  ['DynamicId', 'given', { DynamicId: 'abcdefgh' }, ok],
  ['EarlyMediaAsr', 'false', { EarlyMediaAsr: false }, ok],
  ['EarlyMediaAsr', 'neither', { EarlyMediaAsr: 'maybe' }, wrong('EarlyMediaAsr')],
  ['SessionTimeout', '120', { SessionTimeout: 120 }, ok],
  ['SessionTimeout', '3600', { SessionTimeout: 3_600 }, ok],
  ['SessionTimeout', 'no number', { SessionTimeout: 'long' }, wrong('SessionTimeout')],
  ['TtsConf', 'true, with all of its three', { TtsConf: true, TtsStyle: 'xiaoyun', TtsVolume: 10, TtsSpeed: 100 }, ok],
  ['TtsConf', 'false: the three are ignored', { TtsConf: false, TtsStyle: 'nobody', TtsVolume: 101, TtsSpeed: 201 }, ok],
  ['TtsConf', 'absent: the three are ignored', { TtsVolume: 101, TtsSpeed: -201 }, ok],
  ...['xiaoyun', 'xiaogang', 'ruoxi', 'xiaomeng', 'xiaowei', 'amei', 'xiaoxue', 'siqi', 'sijia', 'sicheng', 'siyue', 'xiaomei', 'sitong', 'ninger', 'xiaobei', 'yina'].map((voice): Row => ['TtsStyle', voice, { TtsConf: true, TtsStyle: voice }, ok]),
  ...[0, 100].map((value): Row => ['TtsVolume', String(value), { TtsConf: true, TtsVolume: value }, ok]),
  ['TtsVolume', '101', { TtsConf: true, TtsVolume: 101 }, wrong('TtsVolume')],
  ...[-200, 200].map((value): Row => ['TtsSpeed', String(value), { TtsConf: true, TtsSpeed: value }, ok]),
  ['TtsSpeed', '201', { TtsConf: true, TtsSpeed: 201 }, wrong('TtsSpeed')],
  ['StreamAsr', '0', { StreamAsr: 0 }, ok],
  ['StreamAsr', '1', { StreamAsr: 1 }, ok],
  ['EnableITN', 'true', { EnableITN: true }, ok],
  ['EnableITN', 'neither', { EnableITN: 'maybe' }, wrong('EnableITN')],
  ['BackgroundFileCode', 'a file', (code) => ({ BackgroundFileCode: code }), ok, ['voiceFile']],
  ['BackgroundFileCode', 'a file that there is not', { BackgroundFileCode: 'nothing-of-the-kind.wav' }, file],
  ['BackgroundVolume', 'ignored', { BackgroundVolume: 9_999 }, ok],
  ['BackgroundSpeed', 'ignored', { BackgroundSpeed: 9_999 }, ok],
  ['NoiseThreshold', 'accepted', { NoiseThreshold: '0.5' }, ok],
]

export const smartCallCases: readonly Case[] = [
  ...rows.map(([parameter, what, params, expected, needs = []]): Case => ({
    id: `smart-call/${parameter} ${what}`, title: `SmartCall ${parameter}: ${what}`, page: pages.SmartCall, covers: [`SmartCall.${parameter}` as Item], needs: ['busy', 'callbacks', ...needs], expected,
    got: (bench) => bench.code({ action: 'SmartCall', params: bench.smart('busy', typeof params === 'function' ? params(bench.target.voiceFile!) : params) }),
  })),
  {
    id: 'smart-call/CalledShowNumber of somebody else', title: 'SmartCall CalledShowNumber: a number that is not the account\'s', page: pages.errorCodes, covers: ['SmartCall.CalledShowNumber'], needs: ['busy', 'callbacks', 'foreign'],
    expected: ['isv.BILLID_NOT_EXIST', 'isv.DISPLAY_NUMBER_ILLEGAL'],
    got: (bench) => bench.code({ action: 'SmartCall', params: bench.smart('busy', { CalledShowNumber: bench.target.foreign! }) }),
  },
  ...([1, 3] as const).map((version): Case => ({
    id: `smart-call/answer-v${version}`, title: `SmartCall by V${version}: the whole answer`, page: pages.SmartCall, needs: ['busy', 'callbacks'],
    covers: ['SmartCall.answer CallId', 'SmartCall.answer Code', 'SmartCall.answer Message', 'SmartCall.answer RequestId'], expected: ['CallId digits^digits, Code OK, Message OK, RequestId'],
    async got(bench) {
      const { fields } = await bench.ask({ action: 'SmartCall', version, params: bench.smart('busy') })
      const shown: Record<string, string> = { CallId: /^\d{12}\^\d{11,12}$/.test(String(fields['CallId'])) ? 'CallId digits^digits' : `CallId ${String(fields['CallId'])}`, RequestId: 'RequestId' }
      return Object.keys(fields).sort().map((name) => shown[name] ?? `${name} ${String(fields[name])}`).join(', ')
    },
  })),
]
