// Knows how money moves: credit, hold, extend, settle, release, each exactly once. Does not know prices, calls or HTTP.
// All money is integer 厘 (0.001 RMB). Every function works in the caller's transaction and locks the wallet until it ends.
import assert from 'node:assert/strict'
import type { Queryable, Tx } from '../db/connection.ts'
import { appendEntries, entriesOfCalls, entryWithReference, strandedHolds, walletDifferences, type LedgerEntry, type StrandedHold, type WalletDifference } from '../db/ledger.ts'
import { lockWallet, lockWallets, readWallet, type Wallet } from '../db/wallets.ts'
import { NotFoundError, RefusedError } from '../errors.ts'

export type { Wallet } from '../db/wallets.ts'

/** Errors: NotFoundError. */
export async function balanceOf(db: Queryable, accountId: string): Promise<Wallet> {
  return found(await readWallet(db, accountId), accountId)
}

/** Adds money. Asked again with the same reference, it does nothing. Errors: NotFoundError; RefusedError 'idempotency-conflict' when the amount differs. */
export async function credit(tx: Tx, p: { accountId: string; amountLi: number; reference: string }): Promise<'done' | 'done-before'> {
  assertAmount(p.amountLi)
  await lock(tx, p.accountId)
  const before = await entryWithReference(tx, p.accountId, p.reference)
  if (before && before.balanceDeltaLi !== p.amountLi) {
    throw new RefusedError('idempotency-conflict', `the credit ${p.reference} was booked before with another amount: use another reference for another credit`)
  }
  if (before) return 'done-before'
  await appendEntries(tx, [{ accountId: p.accountId, kind: 'credit', callId: null, step: 0, reference: p.reference, balanceDeltaLi: p.amountLi, heldDeltaLi: 0 }])
  return 'done'
}

/** Sets money aside for a call before it is dialled. See holdAll. */
export async function hold(tx: Tx, p: { accountId: string; callId: string; amountLi: number }): Promise<void> {
  await holdAll(tx, { accountId: p.accountId, callIds: [p.callId], amountLi: p.amountLi })
}

/**
 * Sets `amountLi` aside for each call: for all of them or none. Calls that have their hold already keep it and need nothing.
 * Errors: RefusedError 'no-balance'; nothing was written then, and the transaction can still be used.
 */
export async function holdAll(tx: Tx, p: Holding): Promise<void> {
  const [refused] = await holdEach(tx, [p])
  if (refused) throw refused
}

/** The calls of one request, each to be held for alike. */
export type Holding = { accountId: string; callIds: readonly string[]; amountLi: number }

/**
 * Like `holdAll`, for many requests of many accounts: each for all of its calls or none, in their order as far as the money goes.
 * Answers the error of each that was refused. Errors: NotFoundError for an account without a wallet.
 */
export async function holdEach(tx: Tx, requests: readonly Holding[]): Promise<(RefusedError | undefined)[]> {
  if (requests.length === 0) return []
  for (const { amountLi } of requests) assertAmount(amountLi)
  const wallets = await lockWallets(tx, requests.map(({ accountId }) => accountId))
  const entries = Map.groupBy(await entriesOfCalls(tx, requests.flatMap(({ callIds }) => callIds)), ({ callId }) => callId)
  const holds: (LedgerEntry & { accountId: string })[] = []
  const refusals = requests.map(({ accountId, callIds, amountLi }) => {
    const wallet = found(wallets.get(accountId), accountId)
    const missing = [...new Set(callIds)].filter((callId) => !isHeldFor(callId, accountId, entries.get(callId) ?? []))
    try {
      assertCovered(wallet, missing.length * amountLi)
    } catch (error) {
      if (error instanceof RefusedError) return error
      throw error
    }
    wallet.heldLi += missing.length * amountLi
    holds.push(...missing.map((callId) => ({ accountId, ...holdEntry('hold', callId, 0, amountLi) })))
    return undefined
  })
  if (holds.length > 0) await appendEntries(tx, holds)
  return refusals
}

function isHeldFor(callId: string, accountId: string, entries: readonly (LedgerEntry & { accountId: string })[]): boolean {
  for (const entry of entries) assert.equal(entry.accountId, accountId, `call ${callId} is paid by its own account`)
  const held = entries.some(({ kind }) => kind === 'hold')
  assert(held || !entries.some(isLast), `call ${callId} is over and is not held for`)
  return held
}

/**
 * Raises the hold of a call under way. `step` counts its extensions 1, 2, 3 …; asked again for a step, it does nothing.
 * Errors: RefusedError 'no-balance' (nothing written, transaction usable). Extending a call without hold, or one that is over, is a broken assumption.
 */
export async function extend(tx: Tx, p: { accountId: string; callId: string; step: number; amountLi: number }): Promise<void> {
  assertAmount(p.amountLi)
  assert(Number.isInteger(p.step) && p.step >= 1, 'extensions count from 1')
  const wallet = await lock(tx, p.accountId)
  const entries = await entriesOf(tx, p.accountId, [p.callId])
  if (entries.some(({ kind, step }) => kind === 'extend' && step === p.step)) return
  assert(entries.some(({ kind }) => kind === 'hold') && !entries.some(isLast), `call ${p.callId} has an open hold`)
  assertCovered(wallet, p.amountLi)
  await appendEntries(tx, [{ accountId: p.accountId, ...holdEntry('extend', p.callId, p.step, p.amountLi) }])
}

/** `shortLi`: what the call cost beyond what the wallet had. It is not owed: the caller should have ended the call before. */
export type Charge = { chargedLi: number; shortLi: number }

/**
 * Turns the hold of a call into its charge and gives back the rest. Never fails for want of money: what exceeds the hold is taken from the
 * free balance as far as it goes. Asked again, or after a release, it does nothing and tells what was charged.
 */
export async function settle(tx: Tx, p: { accountId: string; callId: string; costLi: number }): Promise<Charge> {
  assertAmount(p.costLi)
  const wallet = await lock(tx, p.accountId)
  const entries = await entriesOf(tx, p.accountId, [p.callId])
  const before = entries.find(isLast)
  const settlement = decideSettlement(wallet, entries, p.costLi)
  const chargedLi = before ? -before.balanceDeltaLi : settlement.chargedLi
  if (!before) await appendEntries(tx, [{ accountId: p.accountId, ...closingEntry('settle', p.callId, chargedLi, settlement.heldLi) }])
  return { chargedLi, shortLi: Math.max(0, p.costLi - chargedLi) }
}

/** Gives back all that is held for a call that costs nothing. Does nothing when the call is settled, released, or never had a hold. */
export async function release(tx: Tx, p: { accountId: string; callId: string }): Promise<void> {
  await lock(tx, p.accountId)
  const entries = await entriesOf(tx, p.accountId, [p.callId])
  if (entries.length === 0 || entries.some(isLast)) return
  await appendEntries(tx, [{ accountId: p.accountId, ...closingEntry('release', p.callId, 0, sumHeld(entries)) }])
}

/** Gives back all that is held for calls that were never dialled. Those without an open hold need nothing. */
export async function releaseAll(tx: Tx, p: { accountId: string; callIds: readonly string[] }): Promise<void> {
  await lock(tx, p.accountId)
  const entries = await entriesOf(tx, p.accountId, p.callIds)
  const ofCall = Map.groupBy(entries, ({ callId }) => callId!)
  const open = [...ofCall].filter(([, those]) => !those.some(isLast))
  if (open.length > 0) await appendEntries(tx, open.map(([callId, those]) => ({ accountId: p.accountId, ...closingEntry('release', callId, 0, sumHeld(those)) })))
}

/** Decides how much of a cost can be charged: the call's own hold first, then what is free. The holds of other calls are never touched. */
export function decideSettlement(wallet: Wallet, entries: readonly LedgerEntry[], costLi: number): { chargedLi: number; heldLi: number } {
  const heldLi = sumHeld(entries)
  const freeLi = wallet.balanceLi - wallet.heldLi
  return { chargedLi: Math.min(costLi, heldLi + freeLi), heldLi }
}

/** Sums the whole ledger again. Empty lists: every wallet is the sum of its entries, and no money is held for a call that is over. */
export async function verifyLedger(db: Queryable): Promise<{ wallets: WalletDifference[]; stranded: StrandedHold[] }> {
  return { wallets: await walletDifferences(db), stranded: await strandedHolds(db) }
}

async function lock(tx: Tx, accountId: string): Promise<Wallet> {
  return found(await lockWallet(tx, accountId), accountId)
}

function found(wallet: Wallet | undefined, accountId: string): Wallet {
  if (!wallet) throw new NotFoundError('account', `there is no account ${accountId}`)
  return wallet
}

/** Read after the lock, so that everything others wrote is seen. */
async function entriesOf(tx: Tx, accountId: string, callIds: readonly string[]): Promise<LedgerEntry[]> {
  const entries = await entriesOfCalls(tx, callIds)
  for (const entry of entries) assert.equal(entry.accountId, accountId, `call ${entry.callId} is paid by its own account`)
  return entries
}

function assertAmount(amountLi: number): void {
  assert(Number.isSafeInteger(amountLi) && amountLi >= 0, 'an amount is whole 厘 and not negative')
}

function assertCovered(wallet: Wallet, amountLi: number): void {
  const freeLi = wallet.balanceLi - wallet.heldLi
  if (freeLi >= amountLi) return
  throw new RefusedError('no-balance', `余额不足：需要 ${yuan(amountLi)}，可用 ${yuan(freeLi)}（进行中的通话预留 ${yuan(wallet.heldLi)}）。请充值，或等进行中的通话结束后再试`)
}

function yuan(li: number): string {
  return `${li / 1_000} 元`
}

const isLast = ({ kind }: LedgerEntry): boolean => kind === 'settle' || kind === 'release'

function sumHeld(entries: readonly LedgerEntry[]): number {
  return entries.reduce((sum, { heldDeltaLi }) => sum + heldDeltaLi, 0)
}

function holdEntry(kind: 'hold' | 'extend', callId: string, step: number, amountLi: number): LedgerEntry {
  return { kind, callId, step, reference: null, balanceDeltaLi: 0, heldDeltaLi: amountLi }
}

function closingEntry(kind: 'settle' | 'release', callId: string, chargedLi: number, heldLi: number): LedgerEntry {
  // 0 - x rather than -x: a charge of nothing is 0 and not -0.
  return { kind, callId, step: 0, reference: null, balanceDeltaLi: 0 - chargedLi, heldDeltaLi: 0 - heldLi }
}
