// Knows how requests that arrive together become queued calls in one transaction, each of them wholly or not at all. Does not know where they come from.
import { costOf, type Price } from '../account/billing.ts'
import { holdEach } from '../account/ledger.ts'
import { appendEvents, notifyFollowers } from '../db/call-events.ts'
import { insertTickets } from '../db/call-tickets.ts'
import { insertCalls, placedAmong, recentAttempts, type NewCall } from '../db/calls.ts'
import type { Tx } from '../db/connection.ts'
import { doNotCallAmong } from '../db/do-not-call.ts'
import { RefusedError } from '../errors.ts'
import { admit, type AdmissionFacts } from './admission/admit.ts'
import { frequencyReach } from './admission/frequency.ts'
import { refusalCodes } from './admission/refusals.ts'
import type { PlaceRequest } from './call-service.ts'
import type { Line } from './line.ts'
import { listed } from './place-request.ts'
import type { QueueDepth } from './queue-depth.ts'
import type { AcceptedRequirement } from './robots.ts'
import type { DialerSettings } from './settings.ts'

/** A request with everything that was looked up for it. */
export type Placing = {
  request: PlaceRequest
  nowMs: number
  bodySha256: Buffer
  /** With ids in the order of the list. */
  calls: readonly NewCall[]
  accepted: AcceptedRequirement
  price: Price
  line: Line
  /** Whoever is rung beside the callee, and is no colleague: the rules hold for them, too. */
  party?: Pick<NewCall, 'phone' | 'phoneAsGiven'> | undefined
  /** The number that must be shown; undefined: any of the line. */
  callerWanted: string | undefined
}
const rungBy = ({ calls, party }: Placing): readonly Pick<NewCall, 'phone' | 'phoneAsGiven'>[] => (party ? [...calls, party] : calls)
export type Placed = { callIds: string[]; replayed: boolean }

export type PlaceTogetherDeps = {
  lines: readonly Line[]
  settings: DialerSettings
  understandsPeople: boolean
  queueDepth: QueueDepth
}

/** Answers each request, in order; the answer of one that is refused throws, and nothing of it was written. Errors: those of the database. */
export async function placeTogether(tx: Tx, deps: PlaceTogetherDeps, placings: readonly Placing[]): Promise<(() => Placed)[]> {
  const refusals = new Map<Placing, unknown>()
  const sift = (left: readonly Placing[], check: (placing: Placing) => void): Placing[] =>
    left.filter((placing) => {
      try {
        check(placing)
        return true
      } catch (error) {
        refusals.set(placing, error)
        return false
      }
    })

  // A first try may have been committed and only its answer lost.
  const placed = await placedAmong(tx, placings.map(({ calls }) => calls[0]!.id))
  let left = placings.filter(({ calls }) => !placed.has(calls[0]!.id))
  left = sift(left, (placing) => assertSensible(placing, deps))
  await deps.queueDepth.count(tx, left)
  left = sift(left, (placing) => deps.queueDepth.take(placing))
  const factsOf = await factsOfAll(tx, deps, left)
  left = sift(left, (placing) => assertAdmitted(placing, factsOf, deps.settings))
  const holds = await holdEach(tx, left.map(({ request, calls, price }) => ({ accountId: request.accountId, callIds: calls.map(({ id }) => id), amountLi: costOf(1, price).costLi })))
  const refused = new Map(left.map((placing, nth) => [placing, holds[nth]]))
  left = sift(left, (placing) => {
    const error = refused.get(placing)
    if (error) throw error
  })
  await write(tx, deps, left)
  return placings.map((placing) => () => {
    if (refusals.has(placing)) throw refusals.get(placing)
    return { callIds: placing.calls.map(({ id }) => id), replayed: false }
  })
}

function assertSensible({ line, accepted, nowMs }: Placing, { understandsPeople }: PlaceTogetherDeps): void {
  if (line.understandsPeopleRequired && !understandsPeople) {
    throw new RefusedError('not-allowed', '内置识别器只听得懂模拟被叫，不能拨打真实线路：请配置语音识别服务（ASR），或明确允许 ALLOW_DEMO_ASR')
  }
  if ((accepted.expiresAt?.getTime() ?? Infinity) <= nowMs) throw new RefusedError('expired', '通知的时间已经过去，没有拨打')
}

type FactsOf = (placing: Placing, phone: string) => AdmissionFacts

/** What the rules ask about every number, looked up at once. */
async function factsOfAll(tx: Tx, { lines, settings }: PlaceTogetherDeps, placings: readonly Placing[]): Promise<FactsOf> {
  const pairs = placings.flatMap((placing) => rungBy(placing).map(({ phone }) => ({ accountId: placing.request.accountId, phone })))
  const times = placings.map(({ nowMs }) => nowMs)
  // A wider entry comes first and is overwritten: the account's own is what it is told.
  const doNotCall = new Map((await doNotCallAmong(tx, pairs, new Date(Math.max(...times, 0)))).map((entry) => [`${entry.accountId} ${entry.phone}`, entry]))
  const reach = frequencyReach(settings.frequency)
  const notCounted = lines.filter((line) => line.exempt.frequency).map((line) => line.name)
  const counted = placings.filter(({ line }) => !line.exempt.frequency).flatMap((placing) => rungBy(placing).map(({ phone }) => phone))
  const rows = counted.length === 0 ? [] : await recentAttempts(tx, counted, new Date(Math.min(...times) - reach.windowMsMax), Math.max(1, reach.countMax), notCounted)
  const attempts = Map.groupBy(rows, ({ phone }) => phone)
  return ({ request, line }, phone) => ({
    phone,
    exempt: line.exempt,
    doNotCall: doNotCall.get(`${request.accountId} ${phone}`),
    attemptsMs: line.exempt.frequency ? [] : (attempts.get(phone) ?? []).map(({ at }) => at.getTime()),
    // A call that is going on delays the next one but is no reason to refuse it.
    inCall: false,
  })
}

/** Asks the rules for every number; refuses all when one is refused. */
function assertAdmitted(placing: Placing, factsOf: FactsOf, settings: DialerSettings): void {
  const { nowMs } = placing
  const refused = rungBy(placing).flatMap((call) => {
    const admission = admit(nowMs, factsOf(placing, call.phone), settings)
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

async function write(tx: Tx, { settings }: PlaceTogetherDeps, placings: readonly Placing[]): Promise<void> {
  if (placings.length === 0) return
  await insertCalls(tx, placings.map(({ request, nowMs, calls, accepted, price, line, callerWanted }) => ({
    calls,
    terms: {
      accountId: request.accountId,
      source: request.source,
      userRequirement: request.userRequirement,
      robot: accepted.spec,
      line: line.name,
      trunkWanted: request.line,
      callerWanted,
      callsBack: request.callsBack ?? false,
      createdAt: new Date(nowMs),
      expiresAt: new Date(Math.min(nowMs + settings.queueMsMax, accepted.expiresAt?.getTime() ?? Infinity)),
      ...price,
    },
  })))
  await insertTickets(tx, placings.flatMap(({ request, calls }) => (request.ticket ? [{ callId: calls[0]!.id, accountId: request.accountId, ...request.ticket }] : [])))
  const callIds = placings.flatMap(({ calls }) => calls.map(({ id }) => id))
  await appendEvents(tx, callIds.map((callId) => ({ callId, event: { type: 'accepted' } })), new Date(Math.max(...placings.map(({ nowMs }) => nowMs))))
  await notifyFollowers(tx, callIds)
}
