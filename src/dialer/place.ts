// Knows how a request becomes queued calls: all of them or none, durable, paid for, and once however often it is sent. Does not know HTTP.
import { randomInt } from 'node:crypto'
import { AccountNumbers } from '../account/account-numbers.ts'
import { priceOf } from '../account/accounts.ts'
import type { Price } from '../account/billing.ts'
import { findAccounts, type Account } from '../db/accounts.ts'
import type { Database } from '../db/connection.ts'
import { findRequest, rememberRequest, type RememberedRequest } from '../db/idempotency.ts'
import { MicroBatch } from '../db/micro-batch.ts'
import { InvalidInputError, NotFoundError, OverloadedError, RefusedError } from '../errors.ts'
import type { ParsedPhone } from '../numbering/phone.ts'
import type { AnnouncementSpec } from '../robot/announcement.ts'
import type { CallbackPlan, CallbackSpec } from '../robot/callback/plan.ts'
import type { ConnectSpec } from '../robot/connect.ts'
import { newCallId } from './call-id.ts'
import type { PlaceRequest } from './call-service.ts'
import { checkedPhone } from './command-desk.ts'
import type { Line } from './line.ts'
import { readParty, readRequest, sumOf } from './place-request.ts'
import { placeTogether, type Placed, type PlaceTogetherDeps, type Placing } from './place-together.ts'
import type { AcceptedRequirement, RobotMaker } from './robots.ts'
import type { Script } from '../robot/script/schema.ts'
import { callingHours, closesAtMs, parseHours } from './admission/calling-hours.ts'
import type { ScriptDesk } from './script-desk.ts'
import type { TrunkDirectory } from './trunk-directory.ts'

export type { Placed } from './place-together.ts'

export type PlaceDeps = PlaceTogetherDeps & {
  db: Database
  /** The first one takes the calls while nobody has set up trunks. */
  lines: readonly Line[]
  trunks: TrunkDirectory
  robots: RobotMaker
  /** Undefined: calls that name a script are refused. */
  scripts?: Pick<ScriptDesk, 'accept'> | undefined
  /** For accounts without a price list of their own. */
  defaultPrice: Price
  now: () => number
}

/** How long a request may wait for a database that is restarting. */
const placeWithinMs = 3_000

const batching = {
  /** Requests of one transaction: more would only hold wallets for longer. */
  itemsMax: 200,
  /** At a thousand a second, some seconds of a database that does not keep up. */
  waitingMax: 5_000,
} as const

/**
 * Takes requests. Those that arrive together share one commit, which is what lets a thousand a second be durable on a small machine;
 * each is accepted or refused by itself.
 */
export class PlacingDesk {
  readonly #deps: PlaceDeps
  readonly #accounts: MicroBatch<string, Account | undefined>
  readonly #numbers: AccountNumbers
  readonly #together: MicroBatch<Placing, Placed>

  constructor(deps: PlaceDeps) {
    this.#deps = deps
    this.#numbers = new AccountNumbers(deps.db)
    this.#accounts = new MicroBatch({ itemsMax: 500, waitingMax: batching.waitingMax, trip: (ids) => this.#findAccounts(ids) })
    this.#together = new MicroBatch({ ...batching, trip: (placings) => this.#placeTogether(placings) })
  }

  /** See CallService.place. */
  async place(request: PlaceRequest): Promise<Placed> {
    const { settings, now } = this.#deps
    const nowMs = now()
    const phones = readRequest(request, settings)
    const bodySha256 = sumOf(request)
    // Made here and not in the transaction, so that a commit whose answer was lost is recognised when it is tried again.
    // Sorted, so that calls due at the same moment are dialled in the order of the list.
    const ids = phones.map(() => newCallId(nowMs)).sort()
    const { accountId, idempotencyKey: key } = request
    if (key === undefined) return this.#together.add(await this.#lookUp(request, { nowMs, bodySha256, phones, ids }))
    // A request with a key waits for its twins, so it goes alone.
    return this.#deps.db.retry('place calls', async () => {
      // A replay is answered before anything is judged: tomorrow the same words would mean another day.
      const known = await findRequest(this.#deps.db.sql, accountId, key)
      return known ? replay(known, bodySha256, ids) : this.#placeOnce(key, await this.#lookUp(request, { nowMs, bodySha256, phones, ids }))
    }, { withinMs: placeWithinMs })
  }

  async #lookUp(request: PlaceRequest, p: { nowMs: number; bodySha256: Buffer; phones: readonly ParsedPhone[]; ids: readonly string[] }): Promise<Placing> {
    const { db, defaultPrice } = this.#deps
    const { nowMs, bodySha256, phones, ids } = p
    const account = await this.#accounts.add(request.accountId)
    if (account === undefined || account.closedAt !== undefined) throw new NotFoundError('account', '账户不存在或已关闭')
    const handover = request.handoverPhone === undefined ? undefined : await checkedPhone(db, account.id, request.handoverPhone, nowMs, 'handover_phone')
    const party = request.connect && readParty(request.connect.toAsGiven, phones)
    const asked: Accepted = party ? connected(request.connect!, party) : await accept(this.#deps, request, { accountId: account.id, acceptedAt: new Date(nowMs), organisation: account.organisation, handover })
    const bound = await this.#checkNumbers(request)
    const line = await lineFor(this.#deps, request)
    const accepted = heldToHours(asked, line, nowMs)
    const calls = phones.map(({ phone, given }, nth) => ({ id: ids[nth]!, phone, phoneAsGiven: given }))
    const callerWanted = callerOn(line, request) ?? (bound && !line.exempt.hours ? await this.#ownNumber(account.id, line, request.line) : undefined)
    const wanted = { ...request, line: trunkOfBoth(this.#deps, line, request, callerWanted), ...(accepted.told !== undefined && { userRequirement: accepted.told }) }
    return { request: wanted, nowMs, bodySha256, calls, accepted, price: priceOf(account, defaultPrice), line, callerWanted, party: party && { phone: party.phone, phoneAsGiven: party.given } }
  }

  /** Whether the account shows nothing but numbers of its own. Errors: InvalidInputError for a wish that it may not have. */
  async #checkNumbers({ accountId, caller, callerIfReal, connect }: PlaceRequest): Promise<boolean> {
    const wished = [caller, callerIfReal, connect?.callerId].filter((number) => number !== undefined)
    const { foreign, bound } = await this.#numbers.rights(accountId, wished)
    if (foreign !== undefined) throw new InvalidInputError('caller', `号码 ${foreign} 不属于本账户，不能外显。没有拨打任何号码`)
    return bound
  }

  /** Any of the account's numbers that the line has. Errors: InvalidInputError. */
  async #ownNumber(accountId: string, line: Line, trunk: string | undefined): Promise<string> {
    const own = new Set(await this.#numbers.list(accountId))
    const shown = this.#deps.trunks.of(line.name).filter(({ name }) => trunk === undefined || name === trunk).flatMap(({ callers }) => callers.map(({ number }) => number)).filter((number) => own.has(number))
    const chosen = shown[randomInt(Math.max(1, shown.length))]
    if (chosen === undefined) throw new InvalidInputError('caller', '已启用的线路没有本账户登记的号码：请先登记线路有的号码。没有拨打任何号码')
    return chosen
  }

  async #findAccounts(ids: readonly string[]): Promise<(() => Account | undefined)[]> {
    const { db } = this.#deps
    const found = new Map((await db.retry('find accounts', () => findAccounts(db.sql, ids), { withinMs: placeWithinMs })).map((account) => [account.id, account]))
    return ids.map((id) => () => found.get(id))
  }

  /** In one transaction; when the database will not take it, each in its own, so that whatever is wrong with one is its own affair. */
  async #placeTogether(placings: readonly Placing[]): Promise<(() => Placed)[]> {
    const { db } = this.#deps
    const placeAll = (some: readonly Placing[]) => db.retry('place calls', () => db.transaction((tx) => placeTogether(tx, this.#deps, some)), { withinMs: placeWithinMs })
    try {
      return await placeAll(placings)
    } catch (error) {
      if (error instanceof OverloadedError || placings.length === 1) throw error
      const answers: (() => Placed)[] = []
      for (const placing of placings) answers.push(...(await placeAll([placing]).catch((why: unknown) => [failing(why)])))
      return answers
    }
  }

  /** Errors: also those of the request itself, so that a refused one does not use up its key. */
  #placeOnce(key: string, placing: Placing): Promise<Placed> {
    const { accountId } = placing.request
    const callIds = placing.calls.map(({ id }) => id)
    return this.#deps.db.transaction(async (tx) => {
      const first = await rememberRequest(tx, { accountId, key, bodySha256: placing.bodySha256, callIds, now: new Date(placing.nowMs) })
      const known = first ? undefined : await findRequest(tx, accountId, key)
      if (known) return replay(known, placing.bodySha256, callIds)
      const [answer] = await placeTogether(tx, this.#deps, [placing])
      return answer!()
    })
  }
}

function failing(error: unknown): () => never {
  return () => {
    throw error
  }
}

/** The answer of before. It is our own first try, and no replay, when the ids are ours: its commit was done and only the answer was lost. */
function replay(known: RememberedRequest, bodySha256: Buffer, ids: readonly string[]): Placed {
  if (known.bodySha256.equals(bodySha256)) return { callIds: known.callIds, replayed: known.callIds[0] !== ids[0] }
  throw new RefusedError('idempotency-conflict', '这个幂等键已用于另一个请求：换一个键，或原样重发那个请求')
}

type Acceptance = { accountId: string; acceptedAt: Date; organisation: string | undefined; handover: string | undefined }

type Accepted = AcceptedRequirement & { told?: string | undefined; calling?: Script['calling'] }

/** A script may want narrower hours than everybody keeps: it is called within them, and no more today once they are over. Errors: RefusedError 'calling-hours'. */
function heldToHours(accepted: Accepted, line: Line, nowMs: number): Accepted {
  const { calling } = accepted
  if (!calling || line.exempt.hours) return accepted
  const windows = parseHours(`${calling.from}-${calling.until}`)
  const hours = callingHours(nowMs, windows)
  if (!hours.open) throw new RefusedError('calling-hours', `这个话术只在 ${calling.from}–${calling.until} 拨打。没有拨打任何号码`, { retryAfterMs: hours.opensAtMs - nowMs })
  return { ...accepted, expiresAt: new Date(Math.min(closesAtMs(nowMs, windows[0]!), accepted.expiresAt?.getTime() ?? Infinity)) }
}

/** What is stored with the call for its robot, whichever speaks. `told`: what people are told that the call is about, where the request does not say. Errors: those of each kind. */
async function accept(deps: PlaceDeps, request: PlaceRequest, p: Acceptance): Promise<Accepted> {
  const { announcement, callback, script, userRequirement, knowledge } = request
  if (announcement) return announced(announcement)
  if (callback) return ledBack(callback)
  if (script) return await byScript(deps, script, p)
  return deps.robots.accept(userRequirement, { acceptedAt: p.acceptedAt, organisation: p.organisation, handover: p.handover, knowledge })
}

/** Errors: InvalidInputError 'script' and 'vars'; NotFoundError and RefusedError for a script that is not there or not published. */
async function byScript({ scripts, settings }: PlaceDeps, { id, version, vars }: NonNullable<PlaceRequest['script']>, p: Acceptance): Promise<Accepted> {
  if (!scripts) throw new InvalidInputError('script', '此服务没有话术')
  const { spec, expiresAt, told, script } = await scripts.accept(p.accountId, { script: id, version, vars }, p)
  return { spec, expiresAt, told: told.slice(0, settings.requirementCharsMax), calling: script.calling }
}

/** A fixed text needs no understanding, and makes sense whenever it is heard. */
function announced(plan: NonNullable<PlaceRequest['announcement']>): AcceptedRequirement {
  return { spec: { kind: 'announcement', plan } satisfies AnnouncementSpec, expiresAt: undefined }
}

/** The customer's server knows what the call is about, and until when. */
function ledBack(plan: CallbackPlan): AcceptedRequirement {
  return { spec: { kind: 'callback', plan } satisfies CallbackSpec, expiresAt: undefined }
}

/** Two people need no understanding of ours. */
function connected(connect: NonNullable<PlaceRequest['connect']>, { phone }: ParsedPhone): AcceptedRequirement {
  return { spec: { kind: 'connect', plan: { ...connect, to: phone } } satisfies ConnectSpec, expiresAt: undefined }
}

/** Both legs of a call go over one trunk: one that has both numbers, when both are wanted. Errors: InvalidInputError when none has. */
function trunkOfBoth({ trunks }: PlaceDeps, line: Line, { line: wanted, connect }: PlaceRequest, first: string | undefined): string | undefined {
  const second = connect?.callerId
  if (second === undefined || line.exempt.hours) return wanted
  const has = (callers: readonly { number: string }[], number: string | undefined): boolean => number === undefined || callers.some((caller) => caller.number === number)
  const both = trunks.of(line.name).find(({ name, callers }) => (wanted === undefined || name === wanted) && has(callers, first) && has(callers, second))
  if (!both) throw new InvalidInputError('caller', `没有一条已启用的线路同时有主叫号码 ${[first, second].filter((number) => number !== undefined).join(' 和 ')}。没有拨打任何号码`)
  return both.name
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
