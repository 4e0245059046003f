// Knows how calls and their logs are written on the wire of the StepOne face: keys, order, units, quoting. Does not know HTTP or storage.
import { z } from 'zod'
import { assertNever } from '../../errors.ts'
import type { CallEvent, CallEventRow } from '../../events.ts'
import { judgementOnWire } from '../../dialer/call-report.ts'
import type { CallRecord } from '../../dialer/call-service.ts'
import { noCallBacks } from '../../call/stored-judgement.ts'
import { lineReasons } from '../../dialer/trunk-choice.ts'
import type { ServiceCost } from '../../service-use.ts'
import { gradeLetters, reviewReasons } from '../../robot/after-call/judgement.ts'

/** The version that clients name in X-Skill-Version. */
export const skillVersion = '1.0.0'

/**
 * Text for clients that cut values at the next ASCII quote: quotes become “ ”, line breaks and control characters spaces,
 * lone surrogates are replaced.
 */
export function readable(text: string): string {
  let opening = false
  return text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')
    .replace(/"/g, () => {
      opening = !opening
      return opening ? '“' : '”'
    })
}

export const turnShape = z.object({
  turn: z.int().meta({ description: '双方合计的话轮序号，从 1 开始' }),
  speaker: z.enum(['assistant', 'user']),
  text: z.string().meta({ description: '被打断时为对方实际听到的部分' }),
  begin_ms: z.int().meta({ description: '相对接通时刻' }),
  end_ms: z.int(),
  cut: z.boolean().meta({ description: '机器人：被打断；被叫：打断了机器人' }),
  confidence: z.number().nullable(),
  latency_ms: z
    .object({ endpoint: z.number(), recognition: z.number(), robot: z.number(), synthesis: z.number(), playout: z.number(), total: z.number(), first_token: z.number().nullable(), ahead: z.number().nullable(), dropped: z.int() })
    .nullable()
    .meta({ description: '从被叫说完到机器人第一个语音包，各步用时；first_token 含在 robot 内，null 表示不是模型回答；ahead：趁停顿提前准备了多久，null 表示没有；dropped：作废了几次提前的准备' }),
})

const answerShape = z.object({
  id: z.string(),
  question: z.string(),
  kind: z.enum(['yes-no', 'open']),
  value: z.string().nullable().meta({ description: 'yes、no、unclear，或对方的话；null 表示没有问到或没有回答' }),
  words: z.string(),
  turns: z.array(z.int()),
  sure: z.boolean().meta({ description: 'false：有条件、有矛盾或没听清，请人工核对' }),
})

export const callInfoShape = z.object({
  success: z.literal(true),
  duration_seconds: z.int().nullable().meta({ description: '通话结束后才有数字；未接通为 0；未结束为 null' }),
  phones: z.string(),
  user_requirement: z.string(),
  cost: z.number().meta({ description: '费用，人民币元' }),
  billed: z.boolean(),
  call_content: z.array(z.object({ role: z.enum(['assistant', 'user']), content: z.string() })),
  provider_response: z.string().meta({ description: '原始结果，JSON 文本' }),
  call_id: z.string(),
  status: z.enum(['queued', 'dialing', 'ringing', 'talking', 'ended']),
  waiting_for: z.string().nullable().meta({ description: '排队原因：window 时段、frequency 频次、line 线路、balance 余额' }),
  waiting_reason: z.enum(lineReasons).nullable().meta({ description: '等待线路时的原因：pace 每秒呼叫数、full 并发、callers-full 主叫并发、backing-off 线路退避中、down 线路不通、no-such-caller 与 no-such-trunk 指定的主叫或线路已不在、none 没有启用的线路；null 表示即将轮到' }),
  line: z.string().nullable().meta({ description: '最后一次拨出所走的线路' }),
  caller: z.string().nullable().meta({ description: '显示的主叫号码' }),
  outcome: z.string().nullable().meta({ description: '呼叫结果，如 answered、busy、no-answer、powered-off' }),
  conversation: z.string().nullable().meta({ description: '会话结果，如 confirmed、refused、wrong-number' }),
  ended_by: z.string().nullable(),
  created_at: z.string(),
  answered_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  billed_seconds: z.int().nullable(),
  recording_url: z.string().nullable(),
  summary: z.string().nullable(),
  slots: z.record(z.string(), z.string()),
  turns: z.array(turnShape),
  grade: z.object({ letter: z.enum(gradeLetters), reason: z.string(), turns: z.array(z.int()) }).nullable().meta({ description: '意向等级 A–F 与理由；turns 为依据的话轮' }),
  answers: z.array(answerShape).meta({ description: '所问问题的回答，逐条注明依据的话轮' }),
  needs_review: z.boolean().nullable().meta({ description: 'true：前后矛盾或不一致，请人工核对；未判断时为 null' }),
  review: z.array(z.object({ why: z.enum(reviewReasons), detail: z.string(), turns: z.array(z.int()) })),
  do_not_call: z.object({ words: z.string(), turns: z.array(z.int()) }).nullable().meta({ description: '对方要求不再来电，已登记' }),
  call_back: z.object({ at: z.string().nullable(), words: z.string(), turns: z.array(z.int()), call_id: z.string().nullable(), not_called_because: z.enum(noCallBacks).nullable() }).nullable().meta({ description: '对方约定再打的时间；call_id 为已安排的通话' }),
  judged_by: z.enum(['rules', 'model']).nullable(),
  call_back_of: z.string().nullable().meta({ description: '这一通是应哪一通的约定打的' }),
  services: z.array(z.object({ kind: z.enum(['recognition', 'synthesis', 'model']), provider: z.string(), seconds: z.number().optional(), characters: z.int().optional(), input_tokens: z.int().optional(), output_tokens: z.int().optional(), untold: z.int().optional(), cost_li: z.number().nullable() })).meta({ description: '用到的语音与模型服务、用量，以及按所设价格的成本（厘）；未设价格为 null。与账户的话费无关' }),
  early_media_url: z.string().nullable().meta({ description: '未接通时接通前的声音，作为结果的依据' }),
})
export type CallInfo = z.infer<typeof callInfoShape>

const heardSomething = (text: string) => text.trim() !== ''

/** A whole call as `search_callinfo` answers it. `rows` is the log so far; an address is undefined when there is nothing to hear. */
export function toCallInfo(record: CallRecord, rows: readonly CallEventRow[], urls: { recording?: string | undefined; earlyMedia?: string | undefined }): CallInfo {
  const ended = record.status === 'ended'
  const lines = rows.map((row) => toChatLine(row.event)).filter((line) => line !== undefined)
  const costLi = record.costLi ?? 0
  return {
    success: true,
    // Rounded up like the bill: an answered call never shows 0.
    duration_seconds: ended ? Math.ceil((record.talkMs ?? 0) / 1_000) : null,
    phones: readable(record.phoneAsGiven),
    user_requirement: readable(record.userRequirement),
    cost: costLi / 1_000,
    billed: costLi > 0,
    call_content: lines.flatMap(({ role, content }) => (role === 'system' ? [] : [{ role, content }])),
    provider_response: providerResponse(record),
    call_id: record.id,
    status: record.status,
    waiting_for: record.waitingFor ?? null,
    waiting_reason: record.waitingBecause?.why ?? null,
    line: record.trunk ?? null,
    caller: record.callerId ?? null,
    outcome: record.reason?.outcome ?? null,
    conversation: record.conversation ?? null,
    ended_by: record.reason?.by ?? null,
    created_at: record.createdAt.toISOString(),
    answered_at: record.answeredAt?.toISOString() ?? null,
    ended_at: record.endedAt?.toISOString() ?? null,
    billed_seconds: record.billedSec ?? null,
    recording_url: urls.recording ?? null,
    summary: record.summary === undefined ? null : readable(record.summary),
    slots: Object.fromEntries(Object.entries(record.slots ?? {}).map(([name, value]) => [readable(name), readable(value)])),
    turns: rows.flatMap((row) => toTurn(row.event, record.answeredAt?.getTime() ?? 0)),
    ...readableJudgement(record.judgement),
    call_back_of: record.callBackOf ?? null,
    services: rows.flatMap(({ event }) => (event.type === 'services-used' ? event.services.map(serviceOnWire) : [])),
    early_media_url: urls.earlyMedia ?? null,
  }
}

function serviceOnWire(service: ServiceCost): CallInfo['services'][number] {
  const { kind, provider, costLi } = service
  const used = kind === 'recognition' ? { seconds: service.seconds } : kind === 'synthesis' ? { characters: service.characters } : { input_tokens: service.inputTokens, output_tokens: service.outputTokens, untold: service.untold }
  return { kind, provider, ...used, cost_li: costLi ?? null }
}

/** Words in it are quoted into JSON that old clients cut at quotes. */
function readableJudgement(judgement: CallRecord['judgement']): ReturnType<typeof judgementOnWire> {
  const wire = judgementOnWire(judgement)
  return {
    ...wire,
    answers: wire.answers.map((answer) => ({ ...answer, question: readable(answer.question), value: answer.value === null ? null : readable(answer.value), words: readable(answer.words) })),
    review: wire.review.map((one) => ({ ...one, detail: readable(one.detail) })),
    do_not_call: wire.do_not_call && { ...wire.do_not_call, words: readable(wire.do_not_call.words) },
    call_back: wire.call_back && { ...wire.call_back, words: readable(wire.call_back.words) },
  }
}

/** The carrier's side of the ending, as text: JSON inside a string, as existing clients expect it. */
function providerResponse(record: CallRecord): string {
  if (!record.reason) return ''
  const { outcome, by, stage, detail, evidence } = record.reason
  return JSON.stringify({ outcome, ended_by: by, stage, detail: readable(detail), sip_status: evidence.sipStatus, q850_cause: evidence.q850Cause, announcement: evidence.announcement === undefined ? undefined : readable(evidence.announcement), tone: evidence.tone, rule: evidence.rule, answered_by: evidence.answeredBy?.who })
}

/** `sinceMs`: when the call was answered, Unix time. */
function toTurn(event: CallEvent, sinceMs: number): z.infer<typeof turnShape>[] {
  const ms = (atMs: number): number => Math.round(atMs - sinceMs)
  if (event.type === 'callee-said') {
    const { turn, text, written = text, beginAtMs, endAtMs, bargeIn, confidence } = event
    return [{ turn, speaker: 'user', text: readable(written), begin_ms: ms(beginAtMs), end_ms: ms(endAtMs), cut: bargeIn, confidence, latency_ms: null }]
  }
  if (event.type === 'colleague-said') {
    const { turn, text, beginAtMs, endAtMs, confidence } = event
    return [{ turn, speaker: 'assistant', text: readable(text), begin_ms: ms(beginAtMs), end_ms: ms(endAtMs), cut: false, confidence, latency_ms: null }]
  }
  if (event.type !== 'robot-said' || !heardSomething(event.text)) return []
  const { turn, text, beginAtMs, endAtMs, cut, latency } = event
  const latencyMs = latency && {
    endpoint: latency.endpointMs,
    recognition: latency.recognitionMs,
    robot: latency.robotMs,
    synthesis: latency.synthesisMs,
    playout: latency.playoutMs,
    total: latency.totalMs,
    first_token: latency.firstTokenMs ?? null,
    ahead: latency.aheadMs ?? null,
    dropped: latency.dropped ?? 0,
  }
  return [{ turn, speaker: 'assistant', text: readable(text), begin_ms: ms(beginAtMs), end_ms: ms(endAtMs), cut, confidence: null, latency_ms: latencyMs ?? null }]
}

export type ChatLine = { role: 'assistant' | 'user' | 'system'; content: string; outcome?: string }

/** What the live conversation shows of an event; undefined for events that are no part of the conversation. */
export function toChatLine(event: CallEvent): ChatLine | undefined {
  switch (event.type) {
    // Who took over speaks for the same side.
    case 'colleague-said':
    case 'robot-said':
      return heardSomething(event.text) ? { role: 'assistant', content: readable(event.text) } : undefined
    case 'callee-said':
      return heardSomething(event.text) ? { role: 'user', content: readable(event.written ?? event.text) } : undefined
    case 'ended':
      return { role: 'system', content: '[DONE]', outcome: event.reason.outcome }
    case 'accepted':
    case 'waiting':
    case 'dialing':
    case 'ringing':
    case 'answered':
    case 'answered-by':
    case 'false-answer':
    case 'keys-pressed':
    case 'silence':
    case 'noted':
    case 'provider-failed':
    case 'hold-extended':
    case 'out-of-money':
    case 'transfer':
    case 'held':
    case 'digits-sent':
    case 'services-used':
    case 'listening':
      return undefined
    default:
      return assertNever(event)
  }
}

/**
 * One server-sent event as published: `data: {"role": "assistant", "content": "…"}` with a space after each colon and comma, then an
 * empty line. `seq` becomes the `id:` line that a reader resumes after.
 */
export function toSse(line: ChatLine, seq?: number): string {
  const fields = Object.entries(line).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  return `${seq === undefined ? '' : `id: ${seq}\n`}data: {${fields.join(', ')}}\n\n`
}

export const timeoutLine: ChatLine = { role: 'system', content: '[TIMEOUT]' }
/** A comment: readers skip it, proxies see life. */
export const keepAlive = ': keep-alive\n\n'
