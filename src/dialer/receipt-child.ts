// Sends receipts in a process of its own, for tests that kill it. Not for the program itself.
// argv: the connection as JSON, the time as Unix milliseconds.
import type { ConnectionConfig } from '../db/postgres/supervisor.ts'
import { openDatabase } from '../db/connection.ts'
import { log } from '../log.ts'
import { Receipts } from './receipts.ts'
import { receiptDefaults } from './settings.ts'

const [config, nowMs] = process.argv.slice(2) as [string, string]
const db = openDatabase({ config: JSON.parse(config) as ConnectionConfig, log })
// So long that it is killed in the middle, whatever the machine does meanwhile.
const settings = { ...receiptDefaults, privateAllowed: true, timeoutMs: 60_000, pollMs: 50 }
await new Receipts({ db, render: ({ call }) => ({ call: call.id }), settings, now: () => Number(nowMs) }).start()
