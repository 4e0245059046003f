// Runs the whole suite against this project's own gateway, over HTTP, on the real dialer, robots, accounts and database. Only the callees follow a script: what
// is said takes its time, but makes no sound. `waihu conformance` runs the same cases with the simulated carrier's callees, in sound.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { AccessKeys } from '../account/access-keys.ts'
import { AccountDesk } from '../account/account-desk.ts'
import { AccountNumbers } from '../account/account-numbers.ts'
import { createAccount } from '../account/accounts.ts'
import { ApiKeys } from '../account/api-keys.ts'
import { CallbackServers } from '../account/callback-servers.ts'
import { NonceBook } from '../account/nonce-book.ts'
import { TtsTemplates } from '../account/tts-templates.ts'
import { receiptRenderer } from '../api/aliyun/receipts.ts'
import { buildServer } from '../api/server.ts'
import { receiptKinds } from '../db/receipt-moments.ts'
import { ReceiptDesk } from '../dialer/receipt-desk.ts'
import { Receipts } from '../dialer/receipts.ts'
import { receiptDefaults } from '../dialer/settings.ts'
import { dialerWorld } from '../dialer/testing.ts'
import { NotFoundError } from '../errors.ts'
import { parsePhone } from '../numbering/phone.ts'
import { CallbackExchange } from '../robot/callback/exchange.ts'
import { callbackServerDefaults } from '../robot/callback/plan.ts'
import { createRobotMaker } from '../robot/index.ts'
import { SecretBox } from '../secret-box.ts'
import type { CallbackDesk } from './callback-desk.ts'
import { calleeKinds, type Result, type Target } from './case.ts'
import { cases } from './cases/index.ts'
import { ownGaps } from './own-gaps.ts'
import { ownCallees } from './own-target.ts'
import { countOf, json, summary, table } from './report.ts'
import { runCases } from './run.ts'
import { scripted } from './scripted-callees.ts'

const phoneOf = (text: string): string | undefined => {
  const parsed = parsePhone(text)
  return parsed.ok ? parsed.phone.phone : undefined
}
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })

async function ownServer() {
  const stack = new AsyncDisposableStack()
  const exchange = stack.use(new CallbackExchange({ privateAllowed: true }))
  const dialer = stack.use(await dialerWorld({ creditLi: 1_000_000, now: Date.now, recordingPath: (callId) => `/recordings/${callId}.wav`, robots: createRobotMaker({ kind: 'rules', log, callback: { exchange, phoneOf } }) }))
  for (const kind of calleeKinds) dialer.scripts.set(phoneOf(ownCallees[kind])!, scripted(kind))
  const callbackServers = new CallbackServers(dialer.db, { privateAllowed: true, phoneOf })
  const keys = new AccessKeys(dialer.db, new SecretBox(Buffer.alloc(32, 7)))
  const templates = new TtsTemplates(dialer.db)
  await templates.put(dialer.accountId, { code: 'TTS_1', text: '您好，${name}，您的快递到了。' })
  const render = receiptRenderer({ recordingLink: (_account, callId) => `https://calls.example/recording/${callId}` })
  const receipts = new Receipts({ db: dialer.db, render, settings: { ...receiptDefaults, privateAllowed: true, pollMs: 100, timeoutMs: 20_000 } })
  stack.defer(() => receipts.stop())
  await receipts.start()
  const app = await buildServer({
    calls: dialer.service,
    accounts: new AccountDesk(dialer.db, new ApiKeys(dialer.db), { privateAllowed: true }),
    aliyun: { keys, nonces: new NonceBook(dialer.db), templates, callbackServers, sounds: { read: async (name) => (name === `${dialer.accountId}-welcome.wav` ? Promise.resolve() : Promise.reject(new NotFoundError('sound', name))) } },
    log,
    health: { database: () => ({ ok: true }), carrier: () => ({ ok: true }), speech: () => ({ ok: true }) },
    metrics: new Registry(),
    // How load is shed is tried elsewhere.
    limits: { loopDelayMsMax: 60_000 },
  })
  stack.defer(() => app.close())
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 })
  const [key, disabled] = [await keys.create(dialer.accountId), await keys.create(dialer.accountId)]
  await keys.change(dialer.accountId, disabled.id, { enabled: false })
  const { id, secret, securityToken } = await keys.temporary(dialer.accountId, key.id, 900)
  await new AccountNumbers(dialer.db).add((await createAccount(dialer.db, { name: 'other' })).id, ['05719999999'])
  const target: Target = {
    endpoint, key, disabled, temporary: { id, secret, token: securityToken },
    shown: '05710000000', foreign: '05719999999', template: { code: 'TTS_1', values: { name: '张总' } }, voiceFile: 'welcome.wav', callees: ownCallees, callsAtOnce: 30, callCentre: 'sales', callbacks: { host: '127.0.0.1', port: 0 }, receipts: true,
  }
  const listening = async ({ url, receiptsUrl }: CallbackDesk): Promise<void> => {
    await new ReceiptDesk(dialer.db, { privateAllowed: true, render }).setTargets(dialer.accountId, Object.fromEntries(receiptKinds.map((kind) => [kind, receiptsUrl])))
    const { parameters, timeoutMs, retriesMax, waiting, fallback, closing } = callbackServerDefaults
    await callbackServers.put(dialer.accountId, { url, parameters, timeoutMs, retriesMax, waiting, fallback, closing, saysSynthetic: false, callCentres: { sales: ownCallees.colleague } })
  }
  return { target, listening, dialer, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('this project\'s own server passes every case that it is said to support', async () => {
  await using own = await ownServer()
  const results = await runCases({ cases, target: own.target, gaps: ownGaps, onListening: (desk) => own.listening(desk) })
  const failed = results.filter(({ verdict }) => verdict === 'fail')
  assert.deepEqual(failed.map(({ id, expected, got }) => `${id}: ${expected.join(' or ')}; got ${got}`), [], summary(results))
  assert.equal(results.length, cases.length)
  await own.dialer.assertLedger()

  const lacking = (beginning: string): Result[] => results.filter(({ id }) => id.startsWith(beginning))
  // A gap that is none any more is taken off the list.
  for (const beginning of Object.keys(ownGaps)) assert.ok(lacking(beginning).some(({ verdict }) => verdict === 'not supported'), `everything about ${beginning} passes: it is no gap`)
  const notRun = results.filter(({ verdict }) => verdict === 'not run')
  assert.deepEqual(notRun.filter(({ got }) => !/needs patient/.test(got)).map(({ id, got }) => `${id} ${got}`), [])

  const shown = table(results)
  for (const { id, page } of results) assert.ok(shown.includes(id) && shown.includes(page.segment), id)
  const told = JSON.parse(json(own.target.endpoint, results)) as { count: unknown; results: Result[] }
  assert.deepEqual(told.count, countOf(results))
  assert.equal(told.results.length, cases.length)
})

test('a server that answers wrongly fails, and one that is not there fails every case that asks it', async () => {
  const results = await runCases({ cases, target: { endpoint: 'http://127.0.0.1:9', key: { id: 'testid', secret: 'testsecret' }, callees: {} } })
  const verdictOf = (id: string) => results.find((result) => result.id === id)?.verdict
  assert.equal(verdictOf('vectors/v1'), 'pass')
  assert.equal(verdictOf('gateway/v1-get'), 'fail')
  assert.equal(verdictOf('smart-call/PauseTime 299: 800, no error'), 'not run')
  assert.deepEqual([...new Set(results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id.split('/')[0]))], ['vectors'])
})
