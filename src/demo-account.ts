// The account that the first start opens, and the file that keeps its key. Does not know what the account is used for.
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createAccount, listAccounts } from './account/accounts.ts'
import type { ApiKeys } from './account/api-keys.ts'
import { demoAccountFile, readDemoAccount, type DemoAccount } from './cli/api-client.ts'
import type { Database } from './db/connection.ts'

const DEMO_NAME = 'demo'

/**
 * Opens the demo account when there is no account at all, and gives it a key when the file that kept it is lost.
 * Undefined when somebody else's accounts are in the database and none of them is the demo.
 */
export async function ensureDemoAccount(p: { db: Database; keys: ApiKeys; dataDir: string; baseUrl: string; creditLi: number }): Promise<{ account: DemoAccount; created: boolean } | undefined> {
  const accounts = await listAccounts(p.db.sql, 1_000)
  const demo = accounts.find((account) => account.name === DEMO_NAME)
  if (accounts.length > 0 && !demo) return undefined
  const kept = readDemoAccount(p.dataDir)
  const found = demo && kept?.account_id === demo.id ? await p.keys.authenticate(kept.api_key) : undefined
  if (kept && found) {
    // Whoever has the file has the installation.
    if (!found.admin) await p.keys.makeAdmin(kept.api_key)
    const account = { ...kept, base_url: p.baseUrl }
    if (kept.base_url !== p.baseUrl) await keep(p.dataDir, account)
    return { account, created: false }
  }
  const owner = demo ?? (await createAccount(p.db, { name: DEMO_NAME, organisation: '示例公司', creditLi: p.creditLi }))
  const { key } = await p.keys.create(owner.id, 'demo', { admin: true })
  const account: DemoAccount = { account_id: owner.id, api_key: key, base_url: p.baseUrl }
  await keep(p.dataDir, account)
  return { account, created: true }
}

/** Readable by its owner only, and never half written. */
async function keep(dataDir: string, account: DemoAccount): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const file = demoAccountFile(dataDir)
  const fresh = path.join(dataDir, `.demo-account.${process.pid}.json`)
  await writeFile(fresh, `${JSON.stringify(account)}\n`, { mode: 0o600 })
  await chmod(fresh, 0o600)
  await rename(fresh, file)
}
