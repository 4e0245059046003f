// Cases of receipts: how they are pushed, and every field of every kind, each about a call that conversation.ts looks at as well.
import { setTimeout as sleep } from 'node:timers/promises'
import { prodId, type Bench, type Scene } from '../bench.ts'
import type { Receipt } from '../callback-desk.ts'
import type { Case, Need } from '../case.ts'
import { pages } from '../pages.ts'
import type { Item } from '../reference.ts'
import { aside, silence, talk } from '../scenes.ts'

const receiptMsMax = 40_000
const kinds = {
  VoiceReport: (record: Receipt) => 'hangup_direction' in record || ('caller' in record && 'duration' in record),
  VoiceCallReport: (record: Receipt) => 'status_time' in record,
  VoiceRecordReport: (record: Receipt) => 'record_file' in record,
  VoiceRTASRReport: (record: Receipt) => 'words' in record,
} as const
type Kind = keyof typeof kinds

/** The receipts of one kind about a call; an empty list when none came in time. */
async function receiptsOf(bench: Bench, callId: string, kind: Kind): Promise<Receipt[]> {
  const found = (): Receipt[] => bench.desk!.receipts.flatMap(({ record, status }) => (status === 200 && record['call_id'] === callId && kinds[kind](record) ? [record] : []))
  for (const deadline = Date.now() + receiptMsMax; Date.now() < deadline && found().length === 0; ) await bench.desk!.news(500)
  return found()
}

type Row = readonly [field: string, expected: readonly string[], got: (record: Receipt, scene: Scene) => string]
const text = (field: string, shape: RegExp, also: readonly string[] = []): Row => [field, ['as published', ...also], (record) => {
  const value = record[field]
  return value === undefined ? 'absent' : value === '' ? 'empty' : typeof value === 'string' && shape.test(value) ? 'as published' : JSON.stringify(value)
}]
const time = (field: string, also: readonly string[] = []): Row => text(field, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/, also)
const whole = (field: string, also: readonly string[] = []): Row => text(field, /^\d+$/, also)
/** Left out, or there as published. */
const perhaps = ['absent', 'empty']
const callId: Row = ['call_id', ['the CallId'], (record, scene) => (record['call_id'] === scene.callId ? 'the CallId' : String(record['call_id']))]
const smart = (also: readonly string[] = []): Row => text('smart_status_code', /^(?:ANSWERED|CANCEL|CALL_REJECTED|CALL_FORWARDING|INCOMING_CALL_BARRED|INVALID_NUMBER|NO_ANSWER|NO_USER_RESPONDING|NETWORK_BUSY|OPERATOR_BLOCK|POWERED_OFF|SUSPEND|USER_BUSY|UNAVAILABLE|OTHER)$/, also)
const outId: Row = ['out_id', ['conformance'], (record) => String(record['out_id'])]

type Play = (bench: Bench) => Promise<Scene>
const fields = (kind: Kind, play: Play, needs: readonly Need[], rows: readonly Row[], page = pages[kind]): Case[] =>
  rows.map(([field, expected, got]) => ({
    id: `receipts/${kind} ${field}`, title: `${kind}: ${field}`, page, covers: [`${kind}.${field}` as Item], needs: ['callbacks', 'receipts', ...needs], expected,
    async got(bench) {
      const scene = await play(bench)
      const [record] = await receiptsOf(bench, scene.callId, kind)
      return record ? got(record, scene) : `no ${kind} came`
    },
  }))

const voiceReport: readonly Row[] = [
  callId, outId, smart(), time('originate_time'), time('ring_time', ['empty']), time('start_time'), time('end_time'), whole('duration'), text('caller', /^\+?\d{3,20}$/), text('callee', /^\+?\d{3,20}$/), whole('status_code'),
  text('status_msg', /\S/), whole('early_media_code', perhaps), ['hangup_direction', ['用户', '机器'], (record) => String(record['hangup_direction'])], ['voice_type', ['voice', 'asr'], (record) => String(record['voice_type'])],
  text('dtmf', /^[\d*#]*$/, perhaps), text('dialog_id', /\S/, perhaps), text('toll_type', /^(?:LOCAL|PROVINCE|DOMESTIC|INTERNATIONAL|UNKNOWN)$/, perhaps), time('b_originate_time', perhaps), time('b_ring_time', perhaps), time('b_start_time', perhaps),
  time('b_end_time', perhaps), ['b_duration', ['a number', 'absent'], (record) => (record['b_duration'] === undefined ? 'absent' : typeof record['b_duration'] === 'number' ? 'a number' : JSON.stringify(record['b_duration']))], text('extend', /\S/, perhaps),
]

/** Pushed to the receiver that acknowledges as `acknowledge` says, until a call's receipt came `times` times. */
async function pushed(bench: Bench, name: string, acknowledge: (nth: number) => { status: number; afterMs: number }, times: number, withinMs: number): Promise<{ atMs: number; record: Receipt }[]> {
  const desk = bench.desk!
  const OutId = name.slice(0, 15)
  const isOurs = (record: Receipt): boolean => record['out_id'] === OutId && kinds.VoiceReport(record)
  const before = desk.acknowledge
  let nth = 0
  desk.acknowledge = (records) => (records.some(isOurs) ? acknowledge((nth += 1)) : before(records))
  await bench.place({ action: 'SmartCall', params: bench.smart('busy', { OutId }) })
  const found = () => desk.receipts.filter(({ record }) => isOurs(record))
  for (const deadline = Date.now() + withinMs; Date.now() < deadline && found().length < times; ) await desk.news(1_000)
  return found()
}

const minuteMs = 60_000
const again = (id: string, title: string, covers: readonly Item[], acknowledge: (nth: number) => { status: number; afterMs: number }): Case => ({
  id: `receipts/${id}`, title, page: pages.batchPush, covers, needs: ['busy', 'callbacks', 'receipts', 'patient'], expected: ['again after a minute, the same'],
  async got(bench) {
    const [first, second] = await pushed(bench, id, acknowledge, 2, 2 * minuteMs)
    if (!first || !second) return first ? 'once' : 'never'
    const same = JSON.stringify(first.record) === JSON.stringify(second.record)
    const afterMs = second.atMs - first.atMs
    return afterMs >= 55_000 && afterMs <= 90_000 && same ? 'again after a minute, the same' : `after ${Math.round(afterMs / 1_000)} s, ${same ? 'the same' : 'another'}`
  },
})

export const receiptCases: readonly Case[] = [
  ...fields('VoiceReport', silence, ['silent'], voiceReport),
  ...fields('VoiceReport', aside, ['silent', 'colleague', 'callCentre'], [text('parallel_leg_hangup_cause', /\S/, perhaps)]),
  ...fields('VoiceCallReport', silence, ['silent'], [callId, outId, text('status_code', /^(?:200101|200201|200102|200100)$/), smart(['empty']), time('status_time')]),
  ...fields('VoiceRecordReport', talk, ['speaks'], [callId, time('start_time'), time('end_time'), whole('duration'), whole('status_code'), smart(), text('record_file', /^https?:\/\//), text('out_id', /\S/, perhaps), text('record_begin_time', /\S/, perhaps)]),
  // The live text of two people's call.
  ...(['role', 'identity', 'words', 'begin_offset', 'end_offset', 'begin_time', 'call_id', 'out_id'] as const).map((field): Case => ({
    id: `receipts/VoiceRTASRReport ${field}`, title: `VoiceRTASRReport: ${field}`, page: pages.VoiceRTASRReport, covers: [`VoiceRTASRReport.${field}`], needs: ['speaks', 'colleague', 'callbacks', 'receipts'], expected: ['there'],
    async got(bench) {
      const callId = await bench.scene('two people', async () => {
        const placed = await bench.place({ action: 'ClickToDial', params: { CallerNumber: bench.callee('colleague'), CallerShowNumber: bench.target.shown ?? '05710000000', CalledNumber: bench.callee('speaks'), CalledShowNumber: bench.target.shown ?? '05710000000', AsrFlag: true, SessionTimeout: 15, OutId: 'two people' } })
        await bench.over(placed, prodId.clickToDial, Date.now())
        return placed
      })
      const [record] = await receiptsOf(bench, callId, 'VoiceRTASRReport')
      return record ? (record[field] === undefined ? 'absent' : 'there') : 'no VoiceRTASRReport came'
    },
  })),
  {
    id: 'receipts/push', title: 'pushed by POST as a JSON list', page: pages.batchPush, covers: ['Receipts.push', 'Receipts.acknowledgement'], needs: ['silent', 'callbacks', 'receipts'], expected: ['POST, JSON list, once'],
    async got(bench) {
      const { callId } = await silence(bench)
      await receiptsOf(bench, callId, 'VoiceReport')
      // An acknowledged one does not come again.
      await sleep(1_000)
      const received = bench.desk!.receipts.filter(({ record }) => record['call_id'] === callId && kinds.VoiceReport(record))
      return [...new Set(received.map(({ method, contentType, isList }) => `${method}, ${/json/i.test(contentType) ? 'JSON' : contentType} ${isList ? 'list' : 'object'}`)), received.length === 1 ? 'once' : `${received.length} times`].join(', ')
    },
  },
  again('retry-500', 'a receiver that answers 500 is told again after a minute', ['Receipts.retry', 'Receipts.failure'], (nth) => ({ status: nth === 1 ? 500 : 200, afterMs: 0 })),
  again('retry-slow', 'a receiver that takes more than 700 ms is told again after a minute', ['Receipts.retry', 'Receipts.failure'], (nth) => ({ status: 200, afterMs: nth === 1 ? 1_500 : 0 })),
]
