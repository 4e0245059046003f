// Knows how to tell in plain words what happened in a call, stage by stage. Pure: record and log in, words out. Does not know where they are shown.
import type { Outcome } from '../call/end-reason.ts'
import { assertNever } from '../errors.ts'
import type { CallEvent, CallEventRow } from '../events.ts'
import type { Answerer } from '../robot/robot.ts'
import type { CallRecord, Undelivered } from './call-service.ts'
import { toldOfUndelivered } from './explain-deliveries.ts'
import { toldOfLatency } from './explain-latency.ts'
import { toldOfLegs } from './explain-legs.ts'
import { adviceOn } from './explain-advice.ts'
import { answererWords, conversationWords, detailWords, enderWords, lineReasonWords, outcomeWords, ruleWords, stageWords, toneWords, waitingWords, type Language, type Words } from './explain-words.ts'

export type { Language } from './explain-words.ts'

export type ExplainedStep = {
  at: Date
  /** Milliseconds since the call was accepted. */
  sinceMs: number
  text: string
  /** Facts behind the sentence, one each. */
  details: readonly string[]
}

export type Explanation = {
  /** One sentence: what became of the call. */
  headline: string
  steps: readonly ExplainedStep[]
  /** What the account could not be told about it. */
  undelivered: readonly string[]
  /** What to do next; undefined when there is nothing to do. */
  advice: string | undefined
}

/** A share of lost packets from which the callee's words suffer. */
const badLoss = 0.03

/** Explains a call from its record and as much of its log as there is; a call may still be going on. */
export function explain(record: CallRecord, rows: readonly CallEventRow[], language: Language, undelivered: readonly Undelivered[] = []): Explanation {
  const say = (words: Words): string => words[language]
  const startMs = record.createdAt.getTime()
  const seen: Seen = { dialingAt: undefined, ringingAt: undefined, answeredAt: undefined, acceptedAt: record.createdAt }
  const steps = rows.flatMap((row): ExplainedStep[] => {
    const told = tell(row, seen, record)
    if (told === undefined) return []
    return [{ at: row.at, sinceMs: row.at.getTime() - startMs, text: say(told.text), details: (told.details ?? []).map(say) }]
  })
  const advice = record.reason && adviceOn(record.reason, record.conversation)
  return { headline: say(headline(record)), steps, undelivered: toldOfUndelivered(undelivered, (at) => clock(at)).map(say), advice: advice && say(advice) }
}

/** The explanation as lines of text, times in Asia/Shanghai. */
export function explanationText(explanation: Explanation): string {
  const lines = [explanation.headline, '']
  for (const step of explanation.steps) {
    lines.push(`${clock(step.at)}  ${step.text}`)
    for (const detail of step.details) lines.push(`          · ${detail}`)
  }
  if (explanation.undelivered.length > 0) lines.push('', ...explanation.undelivered.map((text) => `! ${text}`))
  if (explanation.advice !== undefined) lines.push('', `→ ${explanation.advice}`)
  return lines.join('\n')
}

type Seen = { acceptedAt: Date; dialingAt: Date | undefined; ringingAt: Date | undefined; answeredAt: Date | undefined }
type Told = { text: Words; details?: Words[] | undefined }

function headline(record: CallRecord): Words {
  if (record.reason === undefined) {
    const stage = stageWords[record.status === 'ended' ? 'talking' : record.status]
    const waiting = record.waitingBecause ? lineReasonWords[record.waitingBecause.why] : record.waitingFor && waitingWords[record.waitingFor]
    return {
      zh: `通话还没有结束：${stage.zh}${waiting ? `，${waiting.zh}` : ''}。`,
      en: `The call is not over: ${stage.en}${waiting ? `, ${waiting.en}` : ''}.`,
    }
  }
  const outcome = outcomeWords[record.reason.outcome]
  const conversation = record.conversation && conversationWords[record.conversation]
  return {
    zh: `${outcome.zh}${conversation ? `，${conversation.zh}` : ''}。`,
    en: `${outcome.en}${conversation ? `; ${conversation.en}` : ''}.`,
  }
}

/** One event in words; undefined for what only machines care about. */
function tell(row: CallEventRow, seen: Seen, record: CallRecord): Told | undefined {
  const { event, at } = row
  switch (event.type) {
    case 'accepted':
      seen.acceptedAt = at
      return {
        text: { zh: `已受理：拨打 ${record.phoneAsGiven}`, en: `Accepted: call ${record.phoneAsGiven}` },
        details: [{ zh: `需求：${record.userRequirement}`, en: `Requirement: ${record.userRequirement}` }],
      }
    case 'waiting': {
      const until = clock(new Date(event.untilMs), true)
      const why = waitingWords[event.why]
      return { text: { zh: `排队：${why.zh}，最早 ${until} 再拨`, en: `Queued: ${why.en}, not before ${until}` } }
    }
    case 'dialing':
      seen.dialingAt = at
      return {
        text: { zh: `经线路 ${event.line} 拨出（第 ${event.attempt} 次）`, en: `Dialled on line ${event.line} (attempt ${event.attempt})` },
        details: [took({ zh: '受理后等待', en: 'Waited since acceptance' }, seen.acceptedAt, at)],
      }
    case 'ringing':
      seen.ringingAt ??= at
      return {
        text: event.earlyMedia
          ? { zh: '线路送来接通前的声音（彩铃或提示音）', en: 'The line plays sound before the answer (ring-back music or an announcement)' }
          : { zh: '对方电话在响', en: 'The telephone rings' },
        details: [took({ zh: '拨出后', en: 'After dialling' }, seen.dialingAt ?? at, at), sip(event.sipStatus)],
      }
    case 'answered':
      seen.answeredAt = at
      return {
        text: { zh: '接听', en: 'Answered' },
        details: [took({ zh: '响铃', en: 'Rang for' }, seen.ringingAt ?? seen.dialingAt ?? at, at)],
      }
    case 'callee-said':
      return calleeSaid(event)
    case 'colleague-said':
      return { text: { zh: `人工：${event.text}`, en: `Human: ${event.text}` } }
    case 'robot-said':
      return robotSaid(event)
    case 'answered-by': {
      const who = answererWords[event.who]
      return {
        text: { zh: `接听的是${who.zh}`, en: `Picked up by ${who.en}` },
        details: [{ zh: `依据：${event.because.join('、')}`, en: `Because of ${event.because.join(', ')}` }],
      }
    }
    case 'false-answer':
      return {
        text: { zh: '网关先行应答：接通后仍在响铃', en: 'The gateway had answered by itself: it went on ringing' },
        details: [{ zh: `又响了 ${seconds(event.rangMs)} 秒；计费以 SIP 应答为准`, en: `For another ${seconds(event.rangMs)} s; billing follows the SIP answer` }],
      }
    case 'keys-pressed':
      return { text: { zh: `对方按键：${event.digits}`, en: `The callee pressed ${event.digits}` } }
    case 'silence':
      return { text: { zh: `双方沉默（第 ${event.count} 次）`, en: `Nobody spoke (${event.count})` } }
    case 'noted':
      return noted(event)
    case 'provider-failed':
      return {
        text: { zh: `服务出错：${event.provider}，改用 ${event.fallback}`, en: `Provider ${event.provider} failed, fell back to ${event.fallback}` },
        details: [same(event.message)],
      }
    case 'transfer':
    case 'held':
    case 'digits-sent':
    case 'listening':
      return toldOfLegs(event)
    case 'services-used':
      return servicesUsed(event)
    case 'hold-extended':
      return { text: { zh: `续冻结话费，共 ${yuan(event.heldLi)} 元`, en: `Held money raised to ${yuan(event.heldLi)} RMB` } }
    case 'out-of-money':
      return { text: { zh: '余额不足以继续，礼貌结束通话', en: 'The balance does not cover more talking; the robot says goodbye' } }
    case 'ended':
      return ended(event, seen)
    default:
      return assertNever(event)
  }
}

function calleeSaid(event: Extract<CallEvent, { type: 'callee-said' }>): Told {
  const details: Words[] = []
  if (event.bargeIn) details.push({ zh: '打断了机器人', en: 'Interrupted the robot' })
  if (event.confidence < 0.5) {
    details.push({ zh: `识别把握不大（${percent(event.confidence)}）`, en: `Recognised with little confidence (${percent(event.confidence)})` })
  }
  const { text, written = text } = event
  if (written !== text) details.push({ zh: `识别原文：${text}`, en: `As recognised: ${text}` })
  return { text: { zh: `对方：${written}`, en: `Callee: ${written}` }, details }
}

function robotSaid(event: Extract<CallEvent, { type: 'robot-said' }>): Told {
  const details: Words[] = []
  if (event.cut) {
    const planned = event.plannedText === undefined ? '' : event.plannedText
    details.push({ zh: `没说完就停了${planned ? `，原本要说：${planned}` : ''}`, en: `Stopped in mid-sentence${planned ? `; planned: ${planned}` : ''}` })
  }
  if (event.latency) details.push(...toldOfLatency(event.latency))
  if (event.source === 'fallback') details.push({ zh: '用的是兜底话术', en: 'A fallback line was used' })
  return { text: { zh: `机器人：${event.text}`, en: `Robot: ${event.text}` }, details }
}

function noted({ note }: Extract<CallEvent, { type: 'noted' }>): Told | undefined {
  const told: Words[] = []
  if (note.identity === 'yes') told.push({ zh: '确认是本人', en: 'The callee is the person asked for' })
  if (note.identity === 'no') told.push({ zh: '不是本人', en: 'The callee is not the person asked for' })
  if (note.identity === 'third-party') told.push({ zh: '是他人代接', en: 'Somebody else answers for the person' })
  if (note.step) told.push({ zh: `话术走到节点 ${note.step}`, en: `The script is at ${note.step}` })
  if (note.tags && note.tags.length > 0) told.push({ zh: `标签：${note.tags.join('、')}`, en: `Tags: ${note.tags.join(', ')}` })
  if (note.wrongNumber) told.push({ zh: '号码不对，已标记', en: 'Wrong number, marked as such' })
  if (note.doNotCall) told.push({ zh: `对方要求不再拨打，已加入免打扰名单（“${note.doNotCall.evidence}”）`, en: `The callee asked not to be called again and was put on the do-not-call list ("${note.doNotCall.evidence}")` })
  if (note.callBackAt) told.push({ zh: `约定回电：${note.callBackAt}`, en: `Call back: ${note.callBackAt}` })
  for (const [name, value] of Object.entries(note.slots ?? {})) told.push({ zh: `记下 ${name}：${value}`, en: `Noted ${name}: ${value}` })
  if (note.problem) told.push({ zh: `回调服务器、话术或录音文件的问题：${note.problem}`, en: `A problem of the callback server, of the script or of a recording: ${note.problem}` })
  if (note.outcome) told.push({ zh: `结论：${conversationWords[note.outcome].zh}`, en: `Result: ${conversationWords[note.outcome].en}` })
  const [text, ...details] = told
  return text && { text, details }
}

/** What the operator pays others for the call; not the bill of the account. */
function servicesUsed({ services, afterCall }: Extract<CallEvent, { type: 'services-used' }>): Told {
  const known = services.flatMap(({ costLi }) => (costLi === undefined ? [] : [costLi]))
  const total = known.reduce((sum, li) => sum + li, 0)
  const all = known.length === services.length
  return {
    text: { zh: `${afterCall ? '话后核对' : '语音与模型服务'}的成本：${known.length === 0 ? '未设价格' : `${all ? '' : '至少 '}${fen(total)} 元`}`, en: `Cost of ${afterCall ? 'reading the call again' : 'speech and models'}: ${known.length === 0 ? 'no prices set' : `${all ? '' : 'at least '}${fen(total)} RMB`}` },
    details: services.map((service) => {
      const cost = service.costLi === undefined ? { zh: '未设价格', en: 'no price set' } : same(`${fen(service.costLi)} RMB`)
      switch (service.kind) {
        case 'recognition':
          return { zh: `识别 ${service.provider}：${seconds(service.seconds * 1_000)} 秒，${cost.zh}`, en: `Recognition by ${service.provider}: ${seconds(service.seconds * 1_000)} s, ${cost.en}` }
        case 'synthesis':
          return { zh: `合成 ${service.provider}：${service.characters} 字，${cost.zh}`, en: `Synthesis by ${service.provider}: ${service.characters} characters, ${cost.en}` }
        case 'model': {
          const untold = service.untold === 0 ? { zh: '', en: '' } : { zh: `，另有 ${service.untold} 次没有告知`, en: `, and ${service.untold} answers that did not tell` }
          return { zh: `大模型 ${service.provider}：输入 ${service.inputTokens}、输出 ${service.outputTokens} token${untold.zh}，${cost.zh}`, en: `Model ${service.provider}: ${service.inputTokens} tokens in, ${service.outputTokens} out${untold.en}, ${cost.en}` }
        }
        default:
          return assertNever(service)
      }
    }),
  }
}

function ended(event: Extract<CallEvent, { type: 'ended' }>, seen: Seen): Told {
  const { reason, media } = event
  const { evidence } = reason
  const details: Words[] = []
  // Records of another version may know details that we do not.
  details.push((detailWords[reason.detail] as Words | undefined) ?? same(reason.detail))
  if (evidence.announcement !== undefined) details.push({ zh: `听到的提示音：${evidence.announcement}`, en: `Announcement heard: ${evidence.announcement}` })
  const tone = evidence.tone === undefined ? undefined : toneWords[evidence.tone]
  if (tone) details.push({ zh: `听到的信号音：${tone.zh}`, en: `Tone heard: ${tone.en}` })
  if (evidence.sipStatus !== undefined) details.push(sip(evidence.sipStatus, evidence.sipReason))
  if (evidence.q850Cause !== undefined) details.push({ zh: `Q.850 原因值 ${evidence.q850Cause}`, en: `Q.850 cause ${evidence.q850Cause}` })
  if (evidence.rule !== undefined) {
    const rule = ruleWords(evidence.rule)
    details.push({ zh: `判断依据：${rule.zh}（${evidence.rule}）`, en: `Decided by ${rule.en} (${evidence.rule})` })
  }
  if (evidence.clip !== undefined) details.push({ zh: '接通前的声音已留存，可用 waihu callinfo 查看下载地址', en: 'The sound before the answer was kept; waihu callinfo shows where to get it' })
  if (evidence.answeredBy !== undefined) {
    const who = (answererWords as Partial<typeof answererWords>)[evidence.answeredBy.who as Answerer] ?? same(evidence.answeredBy.who)
    details.push({ zh: `接听的是${who.zh}`, en: `Picked up by ${who.en}` })
  }
  if (evidence.falseAnswerMs !== undefined) details.push({ zh: `应答后又响了 ${seconds(evidence.falseAnswerMs)} 秒`, en: `It rang for another ${seconds(evidence.falseAnswerMs)} s after the answer` })
  if (evidence.error !== undefined) details.push({ zh: `错误：${evidence.error}`, en: `Error: ${evidence.error}` })
  if (seen.answeredAt) {
    details.push({
      zh: `通话 ${seconds(event.talkMs)} 秒，计费 ${event.billedSec} 秒，${yuan(event.costLi)} 元`,
      en: `Talked for ${seconds(event.talkMs)} s, billed ${event.billedSec} s, ${yuan(event.costLi)} RMB`,
    })
  } else {
    details.push({ zh: '没有接通，不收费', en: 'Not answered, nothing is charged' })
  }
  const expected = media ? media.packetsReceived + media.packetsLost : 0
  if (media && expected > 0 && media.packetsLost / expected >= badLoss) {
    const loss = percent(media.packetsLost / expected)
    details.push({ zh: `丢包 ${loss}：对方的话可能听不清`, en: `${loss} of the audio was lost on the way: the callee may have been hard to understand` })
  }
  const who = enderWords[reason.by]
  const when = stageWords[reason.stage]
  const outcome = outcomeWords[reason.outcome]
  return { text: { zh: `结束：${outcome.zh}（${who.zh}，${when.zh}时）`, en: `Over: ${outcome.en} (${who.en}, while ${when.en})` }, details }
}

function took(what: Words, from: Date, to: Date): Words {
  const s = seconds(Math.max(0, to.getTime() - from.getTime()))
  return { zh: `${what.zh} ${s} 秒`, en: `${what.en} ${s} s` }
}

function sip(status: number, text?: string): Words {
  return same(`SIP ${status}${text ? ` ${text}` : ''}`)
}

const same = (text: string): Words => ({ zh: text, en: text })
const seconds = (ms: number): string => (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)
const percent = (share: number): string => `${Math.round(share * 100)}%`
/** Services cost parts of a 厘. */
const fen = (li: number): string => (li / 1_000).toFixed(5)
const yuan = (li: number): string => (li / 1_000).toFixed(3)

/** 14:05:09 in Shanghai, with the date when `dated`. */
function clock(at: Date, dated = false): string {
  const local = new Date(at.getTime() + 8 * 3_600_000).toISOString()
  return dated ? `${local.slice(0, 10)} ${local.slice(11, 16)}` : local.slice(11, 19)
}

/** What an outcome is called, for lists. */
export function outcomeText(outcome: Outcome, language: Language): string {
  return outcomeWords[outcome][language]
}
