// The calls that the suite leads through its own callback server; many cases look at one of them. Does not know what is expected of them.
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './rpc.ts'
import type { Bench, Scene } from './bench.ts'
import type { Answers, Callback, Reply } from './callback-desk.ts'

export const say = (text: string, more: object = {}): Reply => ({ data: { action: 'play', action_code: '$text$', action_code_param: JSON.stringify({ text }), ...more } })
const goodbye = say('好的，再见。', { action: 'hangup' })
const nothing: Reply = { data: { action: 'donothing' } }
/** Eight seconds at least. */
const longText = '明天上午九点在三楼会议室开会，请带上身份证、合同原件和两份复印件，到了以后先在前台登记，再到二楼等候叫号，大约需要一个小时。'
const mutedMs = 1_000

/** A callee who says nothing, and a server that tries what it may answer. */
export const silence = (bench: Bench): Promise<Scene> =>
  bench.scene('silence', () =>
    bench.converse('silent', { MuteTime: mutedMs, DynamicId: 'v1', OutId: 'conformance' }, ({ type }, count): Reply => {
      if (type !== 'mute') return nothing
      if (count === 1) return say('您好，您还在吗？', { mute_time: 2_000, dynamic_id: 'v2' })
      if (count === 2) return { raw: JSON.stringify({ data: { action: 'donothing' } }) }
      if (count === 3) return { data: { action: 'applaud' } }
      if (count === 4) return { data: { action: 'play', action_code: '$text$', action_code_param: { text: '喂？请问您还在听吗？' }, action_break: 'true', extend: 'x' } }
      return goodbye
    }),
  )

/** A callee who says who they are. */
export const talk = (bench: Bench): Promise<Scene> =>
  bench.scene('talk', () =>
    bench.converse('speaks', { RecordFlag: true, MuteTime: 4_000 }, ({ type }, count): Reply => {
      if (type === 'mute') return count > 2 ? goodbye : say('您好，请问是张总吗？')
      return count === 1 ? { data: { action: 'continue' } } : count === 2 ? say('明天上午九点开会。') : goodbye
    }),
  )

/** A callee who presses 1 when asked to, and nothing afterwards. */
export const keys = (bench: Bench): Promise<Scene> =>
  bench.scene('keys', () =>
    bench.converse('presses', { DynamicId: 'keys', MuteTime: 3_000 }, ({ type }, count): Reply => {
      if (type === 'dtmf') return count === 1 ? { data: { action: 'dtmf', dtmf_nonin_overtime: 3, dtmf_max_numbers: 50, dtmf_end_character: '#' } } : goodbye
      return say('听懂了请按一，没听懂请按二。', { action: 'dtmf', dtmf_nonin_overtime: 10, dtmf_max_numbers: 1 })
    }),
  )

/** A callee who speaks over the long text. */
const interrupted = (more: object, onWords: Reply): Answers => {
  let said = false
  return ({ type, content }, count): Reply => {
    if (!said) {
      // Who speaks over the opening answers the telephone; only what follows is interrupted.
      if (content['is_playing'] === 'true') return { data: { action: 'continue' } }
      said = true
      return say(longText, more)
    }
    if (type === 'timebreak') return { data: { action: 'continue' } }
    if (type === 'normal' && content['is_playing'] === 'true') return onWords
    return type === 'mute' && count < 2 ? nothing : goodbye
  }
}
export const timeBroken = (bench: Bench): Promise<Scene> => bench.scene('time break', () => bench.converse('interrupts', { MuteTime: 6_000, DynamicId: 'tb' }, interrupted({ action_code_time_break: 300 }, goodbye)))
export const broken = (bench: Bench, breakable: boolean): Promise<Scene> => bench.scene(`break ${breakable}`, () => bench.converse('interrupts', { MuteTime: mutedMs }, interrupted({ action_code_break: breakable, action_code_time_break: breakable ? 0 : 300 }, { data: { action: 'break', action_break: true } })))

const cancelled = async (bench: Bench, callId: string): Promise<Record<string, string>> => {
  const answer = await bench.ask({ action: 'CancelCall', params: { CallId: callId } })
  return { cancelled: codeOf(answer) === 'OK' ? String(answer.fields['Status']) : codeOf(answer) }
}

/** A colleague is called aside while the conversation goes on, and joined by SmartCallOperate. */
export const aside = (bench: Bench): Promise<Scene> =>
  bench.scene('aside', () =>
    bench.converse(
      'silent',
      { MuteTime: mutedMs, DynamicId: 'aside' },
      ({ type }, count): Reply => (type === 'mute' && count === 1 ? { data: { action: 'parallel_transfer', cc_name: bench.target.callCentre, is_monitor: false, ...(bench.target.voiceFile !== undefined && { transfer_playfile: bench.target.voiceFile }) } } : nothing),
      async (callId) => {
        await bench.callback(callId, isTransfer)
        const joined = await bench.ask({ action: 'SmartCallOperate', params: { CallId: callId, Command: 'parallelBridge' } })
        await sleep(1_500)
        return { joined: codeOf(joined) === 'OK' ? String(joined.fields['Status']) : codeOf(joined), ...(await cancelled(bench, callId)) }
      },
    ),
  )

/** The same, joined by the server's answer; then nothing is asked any more. */
export const joined = (bench: Bench): Promise<Scene> =>
  bench.scene('joined', () =>
    bench.converse(
      'silent',
      { MuteTime: mutedMs },
      ({ type, content }, count): Reply => {
        if (type === 'parallel_transfer') return content['transfer_status'] === 'success' ? { data: { action: 'parallel_bridge' } } : goodbye
        return type === 'mute' && count === 1 ? { data: { action: 'parallel_transfer', number: bench.callee('colleague') } } : nothing
      },
      async (callId) => {
        await bench.callback(callId, isTransfer)
        return await quietFor(bench, callId, 4_000)
      },
    ),
  )

export const asideFails = (bench: Bench): Promise<Scene> =>
  bench.scene('aside fails', () =>
    bench.converse('silent', { MuteTime: mutedMs }, ({ type }, count): Reply => (type === 'mute' && count === 1 ? { data: { action: 'parallel_transfer', number: bench.callee('busy'), is_monitor: true } } : type === 'parallel_transfer' ? goodbye : nothing)),
  )

export const transferred = (bench: Bench): Promise<Scene> =>
  bench.scene('transfer', () =>
    bench.converse(
      'silent',
      { MuteTime: mutedMs },
      (): Reply => ({ data: { action: 'transfer', number: bench.callee('colleague') } }),
      async (callId) => {
        await bench.callback(callId, ({ type }) => type === 'mute')
        return await quietFor(bench, callId, 5_000)
      },
    ),
  )

export const limited = (bench: Bench): Promise<Scene> => bench.scene('session time-out', () => bench.converse('silent', { SessionTimeout: 4, MuteTime: 20_000 }, () => nothing))

export const early = (bench: Bench): Promise<Scene> => bench.scene('early media', () => bench.converse('announces', { EarlyMediaAsr: true, DynamicId: 'early' }, () => nothing))

/** A server that fails twice, in two ways, and then is well again. */
export const failing = (bench: Bench): Promise<Scene> =>
  bench.scene('failing', () =>
    bench.converse('silent', { MuteTime: mutedMs }, (_, count): Reply => (count === 1 ? { raw: 'out of order', status: 500 } : count === 2 ? { raw: JSON.stringify({ result: 'fail', msg: 'no idea', data: {} }) } : goodbye)),
  )

/** Times that are out of range: ten seconds each. */
export const outOfRange = (bench: Bench, where: 'request' | 'reply'): Promise<Scene> =>
  bench.scene(`mute time out of range in the ${where}`, () =>
    where === 'request' ? bench.converse('silent', { MuteTime: 999 }, () => goodbye) : bench.converse('silent', { MuteTime: mutedMs }, (_, count) => (count === 1 ? { data: { action: 'donothing', mute_time: 99 } } : goodbye)),
  )

export const streaming = (bench: Bench): Promise<Scene> => bench.scene('StreamAsr', () => bench.converse('speaks', { StreamAsr: 1, MuteTime: 3_000 }, ({ type }, count): Reply => (type === 'mute' ? (count > 2 ? goodbye : say('明天上午九点在三楼开会，您能参加吗？')) : count > 12 ? goodbye : { data: { action: 'continue' } })))

/** Somebody calls a number of the account. */
export const inbound = (bench: Bench): Promise<Scene> =>
  bench.scene('inbound', async () => {
    const desk = bench.desk!
    desk.answerStrangers(({ type }): Reply => (type === 'callin' ? say('您好，请讲。', { action: 'answer', session_timeout: 60, asr_model_id: 'customer_service_8k', asr_base_id: 'customer_service_8k', record_flag: true, mute_time: mutedMs, pause_time: 500, action_code_break: true, action_break: true, action_code_time_break: 0, dynamic_id: 'in', tts_conf: true, tts_style: 'xiaoyun', tts_volume: 50, tts_speed: 0 }) : goodbye))
    await bench.target.callIn?.()
    const placedAtMs = Date.now()
    const first = await desk.stranger(({ type }) => type === 'callin', 60_000)
    await bench.callback(first.callId, ({ type }) => type !== 'callin')
    return { callId: first.callId, callbacks: desk.callbacks(first.callId), detail: {}, placedAtMs, overAtMs: Date.now(), notes: {} }
  })

const isTransfer = ({ type }: Callback): boolean => type === 'parallel_transfer'

/** How many callbacks come within `ms` from now; then the call is ended. */
async function quietFor(bench: Bench, callId: string, ms: number): Promise<Record<string, string>> {
  // What the last answer brought about takes a moment.
  await sleep(1_500)
  const before = bench.desk!.callbacks(callId).length
  await sleep(ms)
  return { afterwards: String(bench.desk!.callbacks(callId).length - before), ...(await cancelled(bench, callId)) }
}
