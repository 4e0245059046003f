// Knows accounts: how one is opened, what it is set to, and what its calls cost. Does not know keys or HTTP.
import { randomBytes } from 'node:crypto'
import { findAccount, insertAccount, listAccounts, updateAccount, type Account } from '../db/accounts.ts'
import type { Database, Queryable } from '../db/connection.ts'
import { insertWallet } from '../db/wallets.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import type { Price } from './billing.ts'
import { credit } from './ledger.ts'
import { checkWebhookUrl } from './webhook-url.ts'

export type { Account } from '../db/accounts.ts'
export { listAccounts }

export const accountDefaults = {
  /** 10.00 RMB for a new account. */
  creditLi: 10_000,
  nameCharsMax: 100,
  organisationCharsMax: 60,
} as const

/** Opens an account with its wallet and its first credit, all or nothing. Errors: InvalidInputError. */
export async function createAccount(db: Database, p: { name: string; organisation?: string | undefined; creditLi?: number | undefined }): Promise<Account> {
  const name = checkName(p.name)
  const organisation = checkOrganisation(p.organisation)
  const id = `acc_${randomBytes(10).toString('hex')}`
  const creditLi = p.creditLi ?? accountDefaults.creditLi
  return db.transaction(async (tx) => {
    await insertAccount(tx, { id, name, organisation })
    await insertWallet(tx, id)
    if (creditLi > 0) await credit(tx, { accountId: id, amountLi: creditLi, reference: 'welcome' })
    return getAccount(tx, id)
  })
}

/** Errors: NotFoundError. */
export async function getAccount(db: Queryable, id: string): Promise<Account> {
  const account = await findAccount(db, id)
  if (!account) throw new NotFoundError('account', `there is no account ${id}`)
  return account
}

/** Changes what is named; a setting named with undefined is cleared. Errors: InvalidInputError, NotFoundError. */
export async function updateSettings(db: Queryable, id: string, p: { name?: string; organisation?: string | undefined; price?: Price | undefined }): Promise<Account> {
  const changed = await updateAccount(db, id, {
    ...('name' in p && p.name !== undefined && { name: checkName(p.name) }),
    ...('organisation' in p && { organisation: checkOrganisation(p.organisation) }),
    ...('price' in p && { priceLiPerMin: p.price?.priceLiPerMin, initialBlockSec: p.price?.initialBlockSec, incrementSec: p.price?.incrementSec }),
  })
  if (!changed) throw new NotFoundError('account', `there is no account ${id}`)
  return getAccount(db, id)
}

/**
 * Sets where reports of calls are sent, or (undefined) that they are not. A new address gets a new secret, returned here and never again;
 * setting the same address again keeps its secret.
 * Errors: InvalidInputError when reports may not be sent there; NotFoundError.
 */
export async function setWebhook(db: Database, id: string, url: string | undefined, rules: { privateAllowed: boolean }): Promise<{ url: string | undefined; secret: string | undefined }> {
  const checked = url === undefined ? undefined : checkWebhookUrl(url, rules)
  const account = await getAccount(db.sql, id)
  if (checked !== undefined && checked === account.webhookUrl) return { url: checked, secret: undefined }
  const secret = checked === undefined ? undefined : newWebhookSecret()
  await updateAccount(db.sql, id, { webhookUrl: checked, webhookSecret: secret })
  return { url: checked, secret }
}

/** After this its keys open nothing. What was booked stays. Errors: NotFoundError. */
export async function closeAccount(db: Queryable, id: string, now: Date): Promise<void> {
  if (!(await updateAccount(db, id, { closedAt: now }))) throw new NotFoundError('account', `there is no account ${id}`)
}

/** What a minute costs this account: its own terms where it has some. */
export function priceOf(account: Pick<Account, 'priceLiPerMin' | 'initialBlockSec' | 'incrementSec'>, defaults: Price): Price {
  return {
    priceLiPerMin: account.priceLiPerMin ?? defaults.priceLiPerMin,
    initialBlockSec: account.initialBlockSec ?? defaults.initialBlockSec,
    incrementSec: account.incrementSec ?? defaults.incrementSec,
  }
}

/** Form of the Standard Webhooks specification: whsec_ and base64 of 24 to 64 bytes. */
function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

function checkName(name: string): string {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > accountDefaults.nameCharsMax) throw new InvalidInputError('name', `a name has 1 to ${accountDefaults.nameCharsMax} characters`)
  return trimmed
}

/** It is spoken, so it is one line of plain text. */
function checkOrganisation(organisation: string | undefined): string | undefined {
  const trimmed = organisation?.trim()
  if (!trimmed) return undefined
  if (trimmed.length > accountDefaults.organisationCharsMax) throw new InvalidInputError('organisation', `an organisation has at most ${accountDefaults.organisationCharsMax} characters`)
  if (/\p{Cc}/u.test(trimmed)) throw new InvalidInputError('organisation', 'an organisation is one line of text')
  return trimmed
}
