// Knows how a request becomes queued calls: all of them or none, durable, paid for, and once however often it is sent. Does not know HTTP.
import { createHash } from 'node:crypto'
import { priceOf } from '../account/accounts.ts'
import { costOf, type Price } from '../account/billing.ts'
import { holdAll } from '../account/ledger.ts'
import { findAccount } from '../db/accounts.ts'
import { appendEvents, notifyFollowers } from '../db/call-events.ts'
import { insertTicket } from '../db/call-tickets.ts'
import { countQueued, insertCalls, recentAttempts, type NewCall } from '../db/calls.ts'
import type { Database, Tx } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { findRequest, rememberRequest, type RememberedRequest } from '../db/idempotency.ts'
import { InvalidInputError, NotFoundError, OverloadedError, RefusedError, type RefusalCode } from '../errors.ts'
import { parsePhoneList, type ParsedPhone } from '../numbering/phone.ts'
import type { AnnouncementSpec } from '../robot/announcement.ts'
import type { CallbackPlan, CallbackSpec } from '../robot/callback/plan.ts'
import { admit, type Admission } from './admission/admit.ts'
import { frequencyReach } from './admission/frequency.ts'
import { newCallId } from './call-id.ts'
import type { PlaceRequest } from './call-service.ts'
import { checkedPhone } from './command-desk.ts'
import type { Line } from './line.ts'
import type { QueueDepth } from './queue-depth.ts'
import type { AcceptedRequirement, RobotMaker } from './robots.ts'
import type { DialerSettings } from './settings.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

export type PlaceDeps = {
  db: Database
  /** The first one takes the calls while nobody has set up trunks. */
  lines: readonly Line[]
  trunks: TrunkDirectory
  robots: RobotMaker
  settings: DialerSettings
  understandsPeople: boolean
  /** For accounts without a price list of their own. */
  defaultPrice: Price
  queueDepth: QueueDepth
  now: () => number
}

export type Placed = { callIds: string[]; replayed: boolean }

/** How long a request may wait for a database that is restarting. */
const placeWithinMs = 3_000

/** See CallService.place. */
export async function placeCalls(deps: PlaceDeps, request: PlaceRequest): Promise<Placed> {
  const { db, settings } = deps
  const nowMs = deps.now()
  const phones = readRequest(request, settings)
  const wishes = request.line === undefined && request.caller === undefined && request.handoverPhone === undefined ? [] : [request.line ?? null, request.caller ?? null, ...(request.handoverPhone === undefined ? [] : [request.handoverPhone])]
  // Named, so that requests without them have the sum they always had.
  const more = { ...(request.knowledge !== undefined && { knowledge: request.knowledge }), ...(request.callsBack !== undefined && { callsBack: request.callsBack }), ...(request.announcement && { announcement: request.announcement }), ...(request.callback && { callback: request.callback }) }
  const summed = [request.source, request.phones, request.userRequirement, ...wishes, ...(Object.keys(more).length > 0 ? [more] : [])]
  const bodySha256 = createHash('sha256').update(JSON.stringify(summed)).digest()
  // Made here and not in the transaction, so that a commit whose answer was lost is recognised when it is tried again.
  // Sorted, so that calls due at the same moment are dialled in the order of the list.
  const ids = phones.map(() => newCallId(nowMs)).sort()
  const calls = phones.map((phone, index): NewCall => ({ id: ids[index]!, phone: phone.phone, phoneAsGiven: phone.given }))
  const place = async (): Promise<Placed> => {
    // A replay is answered before anything is judged: tomorrow the same words would mean another day.
    const known = request.idempotencyKey === undefined ? undefined : await findRequest(db.sql, request.accountId, request.idempotencyKey)
    if (known) return replay(known, bodySha256, ids)
    const account = await findAccount(db.sql, request.accountId)
    if (account === undefined || account.closedAt !== undefined) throw new NotFoundError('account', '账户不存在或已关闭')
    const handover = request.handoverPhone === undefined ? undefined : await checkedPhone(db, account.id, request.handoverPhone, nowMs, 'handover_phone')
    const accepted = request.announcement ? announced(request.announcement) : request.callback ? ledBack(request.callback) : deps.robots.accept(request.userRequirement, { acceptedAt: new Date(nowMs), organisation: account.organisation, handover, knowledge: request.knowledge })
    const price = priceOf(account, deps.defaultPrice)
    const line = await lineFor(deps, request)
    return db.transaction((tx) => placeIn(tx, deps, { request, nowMs, bodySha256, calls, accepted, price, line }))
  }
  return db.retry('place calls', place, { withinMs: placeWithinMs })
}

type Placing = {
  request: PlaceRequest
  nowMs: number
  bodySha256: Buffer
  calls: readonly NewCall[]
  accepted: AcceptedRequirement
  price: Price
  line: Line
}

/** A fixed text needs no understanding, and makes sense whenever it is heard. */
function announced(plan: NonNullable<PlaceRequest['announcement']>): AcceptedRequirement {
  return { spec: { kind: 'announcement', plan } satisfies AnnouncementSpec, expiresAt: undefined }
}

/** The customer's server knows what the call is about, and until when. */
function ledBack(plan: CallbackPlan): AcceptedRequirement {
  return { spec: { kind: 'callback', plan } satisfies CallbackSpec, expiresAt: undefined }
}

/** The number that must be shown on this line. */
function callerOn(line: Line, { caller, callerIfReal }: PlaceRequest): string | undefined {
  return caller ?? (line.exempt.hours ? undefined : callerIfReal)
}

/** The line that calls go onto. Errors: InvalidInputError for a trunk or number that there is not; OverloadedError without any line. */
async function lineFor({ lines, trunks, settings }: PlaceDeps, request: PlaceRequest): Promise<Line> {
  const { line: trunk } = request
  const find = (): Line | undefined => {
    const name = trunk !== undefined ? trunks.lineOf(trunk) : trunks.hasStored ? trunks.storedLine : lines[0]?.name
    return lines.find((line) => line.name === name)
  }
  const has = (line: Line): boolean => {
    const caller = callerOn(line, request)
    return caller === undefined || trunks.of(line.name).some(({ name, callers }) => (trunk === undefined || name === trunk) && callers.some(({ number }) => number === caller))
  }
  let line = find()
  if ((trunk !== undefined && line === undefined) || (line !== undefined && !has(line))) {
    // Perhaps it was set up a moment ago.
    await trunks.reload()
    line = find()
  }
  if (trunk !== undefined && line === undefined) throw new InvalidInputError('line', `没有已启用的线路 ${trunk}：请检查 line，或不填由系统选择。没有拨打任何号码`)
  if (line === undefined) throw new OverloadedError('没有可用线路', settings.retryAfterMs)
  if (!has(line)) throw new InvalidInputError('caller', `${trunk === undefined ? '已启用的线路' : `线路 ${trunk} `}没有主叫号码 ${callerOn(line, request)}：请检查 caller，或不填由系统选择。没有拨打任何号码`)
  return line
}

async function placeIn(tx: Tx, deps: PlaceDeps, p: Placing): Promise<Placed> {
  const { request, nowMs, calls, accepted, price, line } = p
  const { accountId, idempotencyKey } = request
  const { settings } = deps
  const now = new Date(nowMs)
  const callIds = calls.map((call) => call.id)
  if (idempotencyKey !== undefined) {
    const first = await rememberRequest(tx, { accountId, key: idempotencyKey, bodySha256: p.bodySha256, callIds, now })
    const known = first ? undefined : await findRequest(tx, accountId, idempotencyKey)
    if (known) return replay(known, p.bodySha256, callIds)
  } else if (await wasPlaced(tx, callIds)) {
    // The first try was committed and only its answer was lost.
    return { callIds, replayed: false }
  }
  if (line.understandsPeopleRequired && !deps.understandsPeople) {
    throw new RefusedError('not-allowed', '内置识别器只听得懂模拟被叫，不能拨打真实线路：请配置语音识别服务（ASR），或明确允许 ALLOW_DEMO_ASR')
  }
  const expiresAt = new Date(Math.min(nowMs + settings.queueMsMax, accepted.expiresAt?.getTime() ?? Infinity))
  if (expiresAt <= now) throw new RefusedError('expired', '通知的时间已经过去，没有拨打')
  await assertRoom(tx, deps, accountId, calls.length, nowMs)
  await assertAdmitted(tx, deps, accountId, calls, line, nowMs)
  const terms = {
    accountId,
    source: request.source,
    userRequirement: request.userRequirement,
    robot: accepted.spec,
    line: line.name,
    trunkWanted: request.line,
    callerWanted: callerOn(line, request),
    callsBack: request.callsBack ?? false,
    createdAt: now,
    expiresAt,
    ...price,
  }
  await insertCalls(tx, [{ calls, terms }])
  if (request.ticket) await insertTicket(tx, { id: callIds[0]!, accountId }, request.ticket)
  await appendEvents(tx, callIds.map((callId) => ({ callId, event: { type: 'accepted' } })), now)
  await notifyFollowers(tx, callIds)
  // Last, because it locks the wallet until the commit: requests of one account wait for each other only here.
  await holdAll(tx, { accountId, callIds, amountLi: costOf(1, price).costLi })
  deps.queueDepth.added(calls.length)
  return { callIds, replayed: false }
}

/** Everything that can be said about a request without looking anything up. */
function readRequest(request: PlaceRequest, settings: DialerSettings): ParsedPhone[] {
  const { userRequirement, idempotencyKey } = request
  if (userRequirement.trim() === '') throw new InvalidInputError('user_requirement', '请用一句话写明要在电话里说什么')
  if (userRequirement.length > settings.requirementCharsMax) {
    throw new InvalidInputError('user_requirement', `通话需求过长，最多 ${settings.requirementCharsMax} 个字符`)
  }
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]+$/.test(idempotencyKey)) {
    throw new InvalidInputError('Idempotency-Key', '幂等键只能包含可见的 ASCII 字符')
  }
  if (idempotencyKey !== undefined && idempotencyKey.length > settings.idempotencyKeyCharsMax) {
    throw new InvalidInputError('Idempotency-Key', `幂等键最多 ${settings.idempotencyKeyCharsMax} 个字符`)
  }
  const { ok, bad } = parsePhoneList(request.phones)
  if (bad.length > 0) {
    const items = bad.map(({ value, reason }) => ({ value, reason }))
    const forbidden = bad.every(({ code }) => code === 'EMERGENCY_NUMBER' || code === 'SERVICE_NUMBER' || code === 'ENTERPRISE_NUMBER')
    if (forbidden) throw new RefusedError('never-dial', `这些号码不能由系统拨打：${listed(items)}。没有拨打任何号码`, { items })
    throw new InvalidInputError('phones', `号码有误：${listed(items)}。请改正后重新提交，没有拨打任何号码`, items)
  }
  if (ok.length > settings.phonesPerRequestMax) {
    throw new InvalidInputError('phones', `一次最多 ${settings.phonesPerRequestMax} 个号码，收到 ${ok.length} 个`)
  }
  if (request.ticket && ok.length !== 1) throw new InvalidInputError('phones', '一次只能拨打一个号码')
  return ok
}

/** The answer of before. It is our own first try, and no replay, when the ids are ours: its commit was done and only the answer was lost. */
function replay(known: RememberedRequest, bodySha256: Buffer, ids: readonly string[]): Placed {
  if (known.bodySha256.equals(bodySha256)) return { callIds: known.callIds, replayed: known.callIds[0] !== ids[0] }
  throw new RefusedError('idempotency-conflict', '这个幂等键已用于另一个请求：换一个键，或原样重发那个请求')
}

async function wasPlaced(tx: Tx, callIds: readonly string[]): Promise<boolean> {
  const { length } = await tx.selectFrom('calls').select('id').where('id', 'in', [...callIds]).execute()
  return length > 0
}

async function assertRoom(tx: Tx, { settings, queueDepth }: PlaceDeps, accountId: string, count: number, nowMs: number): Promise<void> {
  const { queuedPerAccountMax, queuedMax, retryAfterMs } = settings
  if ((await countQueued(tx, accountId, queuedPerAccountMax)) + count > queuedPerAccountMax) {
    throw new OverloadedError(`您排队中的通话已达上限 ${queuedPerAccountMax}，请稍后再提交`, retryAfterMs)
  }
  if ((await queueDepth.read(tx, queuedMax, nowMs)) + count > queuedMax) {
    throw new OverloadedError('系统排队的通话过多，请稍后再提交', retryAfterMs)
  }
}

const refusalCodes = {
  'never-dial': 'never-dial',
  'do-not-call': 'do-not-call',
  window: 'calling-hours',
  frequency: 'frequency',
} as const satisfies Record<Exclude<Admission, { verdict: 'dial' }>['why'], RefusalCode>

/** Asks the rules for every number; refuses all when one is refused. */
async function assertAdmitted(tx: Tx, deps: PlaceDeps, accountId: string, calls: readonly NewCall[], line: Line, nowMs: number): Promise<void> {
  const { settings } = deps
  const now = new Date(nowMs)
  const listedPhones = new Map(
    (await doNotCallAmong(tx, calls.map(({ phone }) => ({ accountId, phone })), now)).map((entry) => [entry.phone, entry]),
  )
  const attempts = line.exempt.frequency ? [] : await attemptsTo(tx, deps, calls, nowMs)
  const refused = calls.flatMap((call) => {
    const admission = admit(
      nowMs,
      {
        phone: call.phone,
        exempt: line.exempt,
        doNotCall: listedPhones.get(call.phone),
        attemptsMs: attempts.filter((attempt) => attempt.phone === call.phone).map((attempt) => attempt.at.getTime()),
        // A call that is going on delays the next one but is no reason to refuse it.
        inCall: false,
      },
      settings,
    )
    return admission.verdict === 'dial' ? [] : [{ call, admission }]
  })
  const [first] = refused
  if (first === undefined) return
  // What no waiting can cure is told first.
  const worst = refused.find(({ admission }) => admission.verdict === 'refuse') ?? first
  const items = refused.map(({ call, admission }) => ({ value: call.phoneAsGiven, reason: admission.detail }))
  const waits = refused.flatMap(({ admission }) => (admission.verdict === 'wait' ? [admission.untilMs - nowMs] : []))
  const possibleLater = waits.length === refused.length
  throw new RefusedError(refusalCodes[worst.admission.why], `${listed(items)}。没有拨打任何号码`, {
    items,
    ...(possibleLater ? { retryAfterMs: Math.max(...waits) } : {}),
  })
}

async function attemptsTo(tx: Tx, { lines, settings }: PlaceDeps, calls: readonly NewCall[], nowMs: number): Promise<{ phone: string; at: Date }[]> {
  const reach = frequencyReach(settings.frequency)
  const notCounted = lines.filter((line) => line.exempt.frequency).map((line) => line.name)
  return recentAttempts(tx, calls.map((call) => call.phone), new Date(nowMs - reach.windowMsMax), Math.max(1, reach.countMax), notCounted)
}

function listed(items: readonly { value: string; reason: string }[]): string {
  const shown = items.slice(0, 5).map(({ value, reason }) => `${value}（${reason}）`)
  return items.length > shown.length ? `${shown.join('；')} 等 ${items.length} 个` : shown.join('；')
}
