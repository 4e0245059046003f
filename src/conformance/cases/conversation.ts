// Cases of callbacks and of what their answers do, each about one of the calls in scenes.ts. Does not know how calls are led.
import type { Bench, Scene } from '../bench.ts'
import type { Callback } from '../callback-desk.ts'
import type { Case, Need } from '../case.ts'
import { pages, type Page } from '../pages.ts'
import type { Item } from '../reference.ts'
import { aside, asideFails, broken, early, failing, joined, keys, limited, outOfRange, silence, streaming, talk, timeBroken, transferred } from '../scenes.ts'

type Play = (bench: Bench) => Promise<Scene>
type Row = readonly [id: string, covers: readonly Item[], expected: string | readonly string[], got: (scene: Scene, bench: Bench) => string, page?: Page]

const about = (play: Play, needs: readonly Need[], rows: readonly Row[]): Case[] =>
  rows.map(([id, covers, expected, got, page = pages.callback]) => ({ id: `callback/${id}`, title: id, page, covers, needs: ['callbacks', ...needs], expected: [expected].flat(), got: async (bench) => got(await play(bench), bench) }))

const of = ({ callbacks }: Scene, type: string): Callback[] => callbacks.filter((callback) => callback.type === type)
/** What each callback of a type has as `field`, each once. */
const all = (scene: Scene, type: string, shown: (callback: Callback) => string): string => [...new Set(of(scene, type).map(shown))].join(' | ') || `no ${type} came`
const isText = (value: unknown, shape: RegExp): string => (typeof value === 'string' && shape.test(value) ? 'as published' : JSON.stringify(value) ?? 'absent')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const atLeast = (ms: number, min: number, words: string): string => (ms >= min ? words : seconds(ms))

const published = 'as published'
const fieldOf = (type: string, field: string, shape: RegExp, optional = false): Row => [
  `${type}: ${field}`, [`Callback ${type}.${field}` as Item], published, (scene) => all(scene, type, ({ content }) => (optional && content[field] === undefined ? published : isText(content[field], shape))),
]
const epochMs = /^\d{13}$/
const digits = /^\d+$/

const every = ({ callbacks }: Scene, good: (callback: Callback) => boolean, bad: (callback: Callback) => string): string => {
  if (callbacks.length === 0) return 'no callback came'
  const wrong = callbacks.find((callback) => !good(callback))
  return wrong ? bad(wrong) : published
}

const requests: readonly Row[] = [
  ['request: POST', ['Callback.method'], published, (scene) => every(scene, ({ method }) => method === 'POST', ({ method }) => method)],
  ['request: the four parameters, in the form or in the query, never in both; the address keeps its own query', ['Callback.placement'], published, (scene) =>
    every(scene, ({ query, form }) => {
      const names = ['call_id', 'content', 'content_type', 'timestamp']
      const [inForm, inQuery] = [names.filter((name) => form.has(name)), names.filter((name) => query.has(name))]
      return query.get('tenant') === 'conformance' && inForm.length + inQuery.length === 4 && (inForm.length === 4 || inQuery.length === 4)
    }, ({ query, form }) => `query ${[...query.keys()].join()}, form ${[...form.keys()].join()}`)],
  ['request: call_id is the CallId', ['Callback.call_id'], published, (scene) => every(scene, ({ fields }) => fields.get('call_id') === scene.callId, ({ fields }) => String(fields.get('call_id')))],
  ['request: timestamp in ms', ['Callback.timestamp'], published, (scene) => every(scene, ({ fields, atMs }) => epochMs.test(fields.get('timestamp') ?? '') && Math.abs(Number(fields.get('timestamp')) - atMs) < 60_000, ({ fields }) => String(fields.get('timestamp')))],
  ['request: content_type is one of the published', ['Callback.content_type'], published, (scene) => every(scene, ({ type }) => ['normal', 'mute', 'timebreak', 'dtmf', 'parallel_transfer', 'callin'].includes(type), ({ type }) => type)],
  ['request: content is JSON', ['Callback.content'], published, (scene) => every(scene, ({ fields }) => /^\{.*\}$/s.test(fields.get('content') ?? ''), ({ fields }) => String(fields.get('content')))],
  ['request: every value of content is a text', ['Callback.values are texts'], published, (scene) => every(scene, ({ content }) => Object.values(content).every((value) => typeof value === 'string'), ({ content }) => JSON.stringify(content))],
  ['request: one at a time', ['Callback.one at a time'], published, (scene) => every(scene, ({ open }) => open === 1, ({ open }) => `${open} at once`)],
]

const gap = (scene: Scene, type: string, first: number, second: number): number => {
  const [a, b] = [of(scene, type)[first], of(scene, type)[second]]
  return a && b ? b.atMs - a.atMs : -1
}
const chinaMs = (text: unknown): number => Date.parse(`${String(text).replace(' ', 'T')}+08:00`)

const silenceRows: readonly Row[] = [
  ...requests,
  ['mute: after MuteTime=1000, not before the opening was heard', ['SmartCall.MuteTime'], 'at least a second after the answer', (scene) => atLeast((of(scene, 'mute')[0]?.atMs ?? 0) - chinaMs(scene.detail['startDate']), 1_000, 'at least a second after the answer')],
  ['mute: again and again, as long as the call goes on', ['Reply.result', 'Reply.msg', 'Reply.code', 'Actions.donothing', 'Actions.an unknown action'], '5 times', (scene) => `${of(scene, 'mute').length} times`],
  ['mute: dynamic_id is SmartCall\'s, then that of the reply', ['Callback mute.dynamic_id', 'SmartCall.DynamicId', 'Reply.dynamic_id'], 'v1 v2 v2 v2 v2', (scene) => of(scene, 'mute').map(({ content }) => String(content['dynamic_id'])).join(' ')],
  ['reply: mute_time=2000 holds from then on', ['Reply.mute_time'], 'two seconds or more', (scene) => atLeast(gap(scene, 'mute', 1, 2), 1_900, 'two seconds or more')],
  ['reply: what is played is waited for', ['Actions.play', 'Reply.action', 'Reply.action_code', 'Reply.action_code_param'], 'longer than the mute time alone', (scene) => atLeast(gap(scene, 'mute', 0, 1), 2_500, 'longer than the mute time alone')],
  ['reply: action_code_param as an object, booleans as texts, members that nobody knows', ['Reply.action_code_param', 'Reply.action_break'], 'longer than the mute time alone', (scene) => atLeast(gap(scene, 'mute', 3, 4), 2_300, 'longer than the mute time alone')],
  ['reply: hangup ends the call, and nothing is asked afterwards', ['Actions.hangup', 'Reply.call_id'], ['200000', '200001'], (scene) => String(scene.detail['state']), pages.callStatus],
]

const talkRows: readonly Row[] = [
  ['normal: role', ['Callback normal.role'], 'B', (scene) => all(scene, 'normal', ({ content }) => String(content['role']))],
  ['normal: identity', ['Callback normal.identity'], published, (scene) => all(scene, 'normal', ({ content }) => isText(content['identity'], /^\S+$/))],
  fieldOf('normal', 'words', /\S/),
  fieldOf('normal', 'begin_offset', digits),
  ['normal: end_offset is after begin_offset, both in ms since the answer', ['Callback normal.end_offset', 'Callback normal.begin_offset'], published, (scene) => all(scene, 'normal', ({ content: { begin_offset: begin, end_offset: end } }) => (digits.test(String(end)) && Number(end) > Number(begin) && Number(end) < 120_000 ? published : `${String(begin)}–${String(end)}`))],
  ['normal: begin_time is the answer in seconds', ['Callback normal.begin_time'], published, (scene) => all(scene, 'normal', ({ content }) => (/^\d{10}$/.test(String(content['begin_time'])) && Math.abs(Number(content['begin_time']) * 1_000 - chinaMs(scene.detail['startDate'])) <= 2_000 ? published : String(content['begin_time'])))],
  fieldOf('normal', 'is_playing', /^(?:true|false)$/),
  ['normal: current_media_code while something plays, and only then', ['Callback normal.current_media_code'], published, (scene) => all(scene, 'normal', ({ content }) => ((content['is_playing'] === 'true') === (typeof content['current_media_code'] === 'string') ? published : JSON.stringify(content)))],
  ['normal: no dynamic_id where none was set', ['Callback normal.dynamic_id'], 'absent', (scene) => all(scene, 'normal', ({ content }) => JSON.stringify(content['dynamic_id']) ?? 'absent')],
  ['normal: record_begin_time with RecordFlag', ['Callback normal.record_begin_time', 'SmartCall.RecordFlag'], published, (scene) => all(scene, 'normal', ({ content }) => isText(content['record_begin_time'], epochMs))],
  ['normal: asr_begin_time and asr_end_time', ['Callback normal.asr_begin_time', 'Callback normal.asr_end_time'], published, (scene) => all(scene, 'normal', ({ content }) => (epochMs.test(String(content['asr_begin_time'])) && Number(content['asr_end_time']) > Number(content['asr_begin_time']) ? published : JSON.stringify(content)))],
  fieldOf('normal', 'play_begin_time', epochMs, true),
  ['normal: play_end_time, 0 while it plays', ['Callback normal.play_end_time'], published, (scene) => all(scene, 'normal', ({ content }) => (content['play_begin_time'] === undefined ? published : isText(content['play_end_time'], content['is_playing'] === 'true' ? /^0$/ : epochMs)))],
  ['reply: continue changes nothing', ['Actions.continue'], ['200000', '200001'], (scene) => String(scene.detail['state'])],
]

const keyRows: readonly Row[] = [
  ['dtmf: the key that was pressed', ['Callback dtmf.dtmf_digits', 'Actions.dtmf', 'Reply.dtmf_max_numbers'], '1', (scene) => String(of(scene, 'dtmf')[0]?.content['dtmf_digits'])],
  ['dtmf: noInputTimeout when none comes', ['Callback dtmf.noInputTimeout', 'Reply.dtmf_end_character'], 'noInputTimeout', (scene) => String(of(scene, 'dtmf')[1]?.content['dtmf_digits'])],
  ['dtmf: after dtmf_nonin_overtime=3', ['Reply.dtmf_nonin_overtime'], 'three seconds or more', (scene) => atLeast(gap(scene, 'dtmf', 0, 1), 2_900, 'three seconds or more')],
  ['dtmf: dynamic_id', ['Callback dtmf.dynamic_id'], 'keys', (scene) => all(scene, 'dtmf', ({ content }) => String(content['dynamic_id']))],
]

const timeBreakRows: readonly Row[] = [
  ['timebreak: a voice over a media with action_code_time_break', ['Reply.action_code_time_break', 'Callback timebreak.current_media_code'], '$text$', (scene) => all(scene, 'timebreak', ({ content }) => String(content['current_media_code']))],
  fieldOf('timebreak', 'asr_begin_time', epochMs),
  fieldOf('timebreak', 'play_begin_time', epochMs),
  ['timebreak: dynamic_id', ['Callback timebreak.dynamic_id'], 'tb', (scene) => all(scene, 'timebreak', ({ content }) => String(content['dynamic_id']))],
]
/** From the break to the silence after it. */
const silentAfter = (scene: Scene): number => {
  const words = of(scene, 'normal').find(({ content }) => content['is_playing'] === 'true')
  const silent = words && of(scene, 'mute').find(({ atMs }) => atMs > words.atMs)
  return words && silent ? silent.atMs - words.atMs : -1
}

const asideRows: readonly Row[] = [
  ['parallel_transfer: success', ['Callback parallel_transfer.transfer_status', 'Actions.parallel_transfer', 'Reply.cc_name', 'Reply.transfer_playfile'], 'success', (scene) => all(scene, 'parallel_transfer', ({ content }) => String(content['transfer_status']))],
  ['parallel_transfer: cc_name', ['Callback parallel_transfer.cc_name'], published, (scene, { target }) => all(scene, 'parallel_transfer', ({ content }) => (content['cc_name'] === target.callCentre ? published : String(content['cc_name'])))],
  ['parallel_transfer: is_monitor', ['Callback parallel_transfer.is_monitor'], 'false', (scene) => all(scene, 'parallel_transfer', ({ content }) => String(content['is_monitor']))],
  ['parallel_transfer: dynamic_id', ['Callback parallel_transfer.dynamic_id'], 'aside', (scene) => all(scene, 'parallel_transfer', ({ content }) => String(content['dynamic_id']))],
  ['SmartCallOperate: parallelBridge joins the two', ['SmartCallOperate.CallId', 'SmartCallOperate.Command', 'SmartCallOperate.answer Status'], 'true', ({ notes }) => notes['joined']!, pages.metadata],
  ['CancelCall: ends a call that talks', ['CancelCall.CallId', 'CancelCall.answer Status'], 'true', ({ notes }) => notes['cancelled']!, pages.metadata],
]

export const conversationCases: readonly Case[] = [
  ...about(silence, ['silent'], silenceRows),
  ...about(talk, ['speaks'], talkRows),
  ...about(keys, ['presses'], keyRows),
  ...about(timeBroken, ['interrupts'], timeBreakRows),
  ...about((bench) => broken(bench, true), ['interrupts'], [['break: stops what may be interrupted', ['Actions.break', 'Reply.action_break'], 'silence within 4 s', (scene) => (silentAfter(scene) >= 0 && silentAfter(scene) < 4_000 ? 'silence within 4 s' : seconds(silentAfter(scene)))]]),
  ...about((bench) => broken(bench, false), ['interrupts'], [
    ['break: does not stop media with action_code_break=false', ['Reply.action_code_break', 'SmartCall.ActionCodeBreak'], 'goes on for more than 4 s', (scene) => atLeast(silentAfter(scene), 4_000, 'goes on for more than 4 s')],
    ['timebreak: none over media with action_code_break=false', ['SmartCall.ActionCodeTimeBreak'], 'no timebreak came', (scene) => all(scene, 'timebreak', () => 'came')],
  ]),
  ...about(aside, ['silent', 'colleague', 'callCentre'], asideRows),
  ...about(joined, ['silent', 'colleague'], [['parallel_bridge: joins the two, and nothing is asked any more', ['Actions.parallel_bridge', 'Reply.number'], '0 callbacks afterwards', ({ notes }) => `${notes['afterwards']} callbacks afterwards`]]),
  ...about(asideFails, ['silent', 'busy'], [
    ['parallel_transfer: fail, and why', ['Callback parallel_transfer.fail_cause', 'Callback parallel_transfer.transfer_status'], 'fail, with a cause', (scene) => all(scene, 'parallel_transfer', ({ content }) => `${String(content['transfer_status'])}, with ${typeof content['fail_cause'] === 'string' && content['fail_cause'] !== '' ? 'a' : 'no'} cause`)],
    ['parallel_transfer: is_monitor comes back', ['Reply.is_monitor'], 'true', (scene) => all(scene, 'parallel_transfer', ({ content }) => String(content['is_monitor']))],
  ]),
  ...about(transferred, ['silent', 'colleague'], [['transfer: the server is asked no more', ['Actions.transfer', 'Reply.number'], '0 callbacks afterwards', ({ notes }) => `${notes['afterwards']} callbacks afterwards`]]),
  ...about(limited, ['silent'], [
    // A polite end takes its time.
    ['SessionTimeout=4: the platform hangs up by itself', ['SmartCall.SessionTimeout'], 'between 4 and 14 s', ({ detail }) => (Number(detail['duration']) >= 4 && Number(detail['duration']) <= 14 ? 'between 4 and 14 s' : `${String(detail['duration'])} s`), pages.SmartCall],
    ['SessionTimeout: nothing is called back', ['SmartCall.SessionTimeout'], '0 callbacks', ({ callbacks }) => `${callbacks.length} callbacks`],
  ]),
  ...about(early, ['announces'], [
    ['normal: what the network says before the answer', ['Callback normal.early_media', 'SmartCall.EarlyMediaAsr'], 'early_media', (scene) => all(scene, 'normal', ({ content }) => String(content['current_media_code']))],
    ['normal: the words of the network', ['Callback normal.words'], published, (scene) => all(scene, 'normal', ({ content }) => isText(content['words'], /\S/))],
    ['EarlyMediaAsr: why the call was not answered', ['SmartCall.EarlyMediaAsr'], '200010', ({ detail }) => String(detail['state']), pages.callStatus],
  ]),
  ...about(failing, ['silent'], [['a server that answers 500, then result=fail: the call goes on', ['Reply.result'], '3 callbacks', (scene) => `${of(scene, 'mute').length} callbacks`]]),
  ...about((bench) => outOfRange(bench, 'request'), ['silent'], [['MuteTime=999 is 10000', ['SmartCall.MuteTime'], 'ten seconds or more', (scene) => atLeast((of(scene, 'mute')[0]?.atMs ?? 0) - chinaMs(scene.detail['startDate']), 10_000, 'ten seconds or more'), pages.SmartCall]]),
  ...about((bench) => outOfRange(bench, 'reply'), ['silent'], [['mute_time=99 is 10000', ['Reply.mute_time'], 'ten seconds or more', (scene) => atLeast(gap(scene, 'mute', 0, 1), 9_900, 'ten seconds or more')]]),
  ...about(streaming, ['speaks'], [['StreamAsr=1: words come before the sentence is over, and grow', ['SmartCall.StreamAsr'], 'grow', (scene) => {
    const words = of(scene, 'normal').map(({ content }) => String(content['words']))
    return words.some((text, i) => i > 0 && text !== words[i - 1] && text.startsWith(words[i - 1]!)) ? 'grow' : words.join(' | ')
  }, pages.SmartCall]]),
]
