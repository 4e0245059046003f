import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { createAccount } from '../account/accounts.ts'
import { appendEvents } from '../db/call-events.ts'
import { findScript, libraryOwner, putDraft } from '../db/scripts.ts'
import { customerServer } from './customer-server.ts'
import { ReceiptDesk } from './receipt-desk.ts'
import { receiptFacts, type RenderReceipt } from './receipt-facts.ts'
import { ReceiptPost } from './receipt-post.ts'
import { fails, hangs, idsIn, minute, receiptWorld, recordsIn, render, settings, takes, textCode, type Answer } from './receipt-rig.ts'
import { confirms, until } from './testing.ts'

void test('a call is told step by step, then as a record and with its recording, each once, under the name of its event', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld()
  const { accountId, db, clock } = w.dialer
  await db.sql.updateTable('accounts').set({ webhook_secret: 'whsec_test' }).where('id', '=', accountId).execute()
  await w.desk.setTargets(accountId, { report: customer.url, progress: customer.url, recording: customer.url, 'live-text': customer.url })
  const id = await w.place()
  await until('all are delivered', async () => (await w.states(id)).every(({ deliveredAt }) => deliveredAt !== null))
  const told = customer.received.flatMap((post) => recordsIn(post).map((record, i) => [idsIn(post)[i]!, record.type] as const)).sort(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(told, [
    [`${id}.progress.answered`, 'answered'], [`${id}.progress.dialing`, 'dialing'], [`${id}.progress.ended`, 'ended'], [`${id}.progress.keys-pressed:5`, 'keys-pressed'],
    [`${id}.progress.keys-pressed:6`, 'keys-pressed'], [`${id}.progress.ringing`, 'ringing'], [`${id}.recording.ended`, 'ended'], [`${id}.report.ended`, 'ended'],
  ])
  const report = customer.received.find((post) => idsIn(post).some((name) => name.includes('.report.')))!
  assert.deepEqual(recordsIn(report), [{ kind: 'report', type: 'ended', out_id: 'crm-1', keys: '1#' }])
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(report.headers['x-waihu-signature'] as string)!
  assert.equal(Number(t), clock.nowMs / 1_000)
  assert.equal(v1, createHmac('sha256', 'whsec_test').update(`${t}.${report.body}`).digest('hex'))
})

void test('what is told of a call is read once for a whole batch: its ticket, keys and transfers, early media that was asked for, the number of its script', async () => {
  await using w = await receiptWorld({ started: false })
  const { db, accountId, clock } = w.dialer
  await w.desk.setTargets(accountId, { report: 'http://127.0.0.1:9/' })
  const plain = await w.place()
  const rich = await w.place()
  const spec = { kind: 'script', accountId, script: 'collection', version: 1, vars: {} }
  for (const owner of [libraryOwner, accountId]) await putDraft(db.sql, { owner, id: 'collection', title: 't', purpose: 'notice', source: '', at: new Date(clock.nowMs) })
  const own = (await findScript(db.sql, accountId, 'collection'))!.number
  await db.sql.updateTable('calls').set({ robot: JSON.stringify(spec) }).where('id', '=', rich).execute()
  await db.sql.updateTable('calls').set({ robot: JSON.stringify({ kind: 'callback', plan: { earlyMedia: true } }) }).where('id', '=', plain).execute()
  const transfer = (state: 'joined' | 'failed', why?: 'busy') => ({ type: 'transfer', how: 'parallel', state, phone: '+8613800138001', why }) as const
  await db.transaction(async (tx) => {
    for (const event of [transfer('joined'), transfer('failed', 'busy')]) await appendEvents(tx, [{ callId: rich, event }], new Date(clock.nowMs))
  })
  const rows = [...(await w.states(plain)), ...(await w.states(rich))].map((row) => ({ ...row, seq: 7 }))
  const [first, second, gone] = await receiptFacts(db.sql, [...rows, { ...rows[0]!, seq: 99 }])
  assert.deepEqual([first!.earlyMediaWanted, first!.scriptNumber, first!.keys, first!.transfer, first!.event.type], [true, undefined, '1#', { joined: false, failed: undefined }, 'ended'])
  assert.deepEqual([second!.earlyMediaWanted, second!.scriptNumber, second!.keys, second!.transfer, second!.ticket.outId], [false, own, '1#', { joined: true, failed: 'busy' }, 'crm-1'])
  assert.equal(gone, undefined)
})

void test('nothing is owed without an address, for a call that no such face has placed, or of another kind', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld()
  const before = await w.place()
  await w.desk.setTargets(w.dialer.accountId, { progress: customer.url })
  const unnamed = await w.place({ ticket: false })
  const named = await w.place()
  assert.deepEqual([await w.states(before), await w.states(unnamed)], [[], []])
  const owed = await w.states(named)
  assert.deepEqual([...new Set(owed.map(({ kind }) => kind))], ['progress'])
  // What both sides say is told of calls between two only.
  await w.desk.setTargets(w.dialer.accountId, { 'live-text': customer.url })
  const said = { type: 'callee-said', turn: 1, text: '喂', beginAtMs: 0, endAtMs: 1, confidence: 1, bargeIn: false } as const
  for (const [product, n] of [['smart', 0], ['click-to-dial', 1]] as const) {
    const id = await w.place({ product })
    await w.dialer.db.transaction((tx) => appendEvents(tx, [{ callId: id, event: said }], new Date(w.dialer.clock.nowMs)))
    assert.equal((await w.states(id)).length, n, product)
  }
})

void test('a receipt is owed if and only if its event is written, once however often that is tried', async () => {
  await using w = await receiptWorld({ started: false })
  await w.desk.setTargets(w.dialer.accountId, { progress: 'http://127.0.0.1:9/' })
  const id = await w.place()
  const before = await w.states(id)
  const again = w.dialer.db.transaction(async (tx) => {
    await appendEvents(tx, [{ callId: id, event: { type: 'keys-pressed', digits: '1' } }], new Date())
    throw new Error('the transaction fails')
  })
  await assert.rejects(again, /the transaction fails/)
  assert.deepEqual(await w.states(id), before)
  await w.dialer.db.transaction((tx) => appendEvents(tx, [{ callId: id, event: { type: 'ringing', sipStatus: 183, earlyMedia: true } }], new Date()))
  assert.deepEqual(await w.states(id), before, 'it rings once')
})

void test('what counts as taken, and what is said of what does not', async () => {
  const table: [string, Answer, RegExp | undefined][] = [
    ['the published answer', (response) => takes(undefined, response), undefined],
    ['any other number', (response) => response.writeHead(200).end('{"code":-1}'), undefined],
    ['it fails', fails, /HTTP 500/],
    ['it hangs', hangs, /no answer within 300 ms/],
    ['it begins to answer and hangs', (response) => response.writeHead(200).write('{"code"'), /no (whole )?answer within 300 ms/],
    ['201', (response) => response.writeHead(201).end('{"code":0}'), /HTTP 201/],
    ['a code that is no number', textCode, /number as code/],
    ['no code', (response) => response.writeHead(200).end('{"msg":"ok"}'), /number as code/],
    ['no JSON', (response) => response.writeHead(200).end('success'), /number as code/],
    ['an array', (response) => response.writeHead(200).end('[{"code":0}]'), /number as code/],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end(), /HTTP 302/],
    ['it hangs up', (response) => response.destroy(), /hang up|ECONNRESET/],
    ['an endless answer', (response) => response.writeHead(200).end(' '.repeat(20_000)), /no whole answer within \d+ ms and 16384 bytes/],
  ]
  for (const [name, answer, error] of table) {
    await using customer = await customerServer((_request, response) => answer(response))
    using post = new ReceiptPost({ ...settings, timeoutMs: name.endsWith('hangs') ? 300 : 20_000 })
    const said = await post.handOver({ url: customer.url, secret: null }, [{}], ['a'], 0, new AbortController().signal)
    assert.equal(said.ok, error === undefined, name)
    if (!said.ok) assert.match(said.error, error!, name)
    assert.equal(customer.received.length, 1, name)
  }
})

void test('the published schedule: again after 1, 5 and 10 minutes under the same name, not a moment before, and never again', async () => {
  await using w = await receiptWorld({ script: confirms, settings: { timeoutMs: 1_000 } })
  const { clock, accountId } = w.dialer
  const stories: [Answer[], 'delivered' | 'dead'][] = [
    [[fails, hangs, textCode, (response) => takes(undefined, response)], 'delivered'],
    [[textCode, (response) => response.destroy(), fails, fails], 'dead'],
  ]
  for (const [answers, end] of stories) {
    await using customer = await customerServer((_request, response, nth) => answers[nth - 1]!(response.setHeader('connection', 'close')))
    await w.desk.setTargets(accountId, { report: customer.url })
    const id = await w.place()
    const state = async () => (await w.states(id))[0]!
    for (const [attempt, waitMs] of [[1, minute], [2, 5 * minute], [3, 10 * minute]] as const) {
      await until(`attempt ${attempt} failed`, async () => {
        const { attempts, dueAt, lastError } = await state()
        return attempts === attempt && lastError !== null && dueAt.getTime() === clock.nowMs + waitMs
      })
      assert.equal((await state()).deadAt, null)
      clock.nowMs += waitMs - 1
      w.receipts.wake()
      await w.receipts.idle()
      assert.equal(customer.received.length, attempt, 'not before its time')
      clock.nowMs += 1
      w.receipts.wake()
    }
    const { deliveredAt, deadAt } = await until('it is over', async () => ((await state()).deliveredAt ?? (await state()).deadAt) && (await state()))
    assert.deepEqual([deliveredAt !== null, deadAt !== null], [end === 'delivered', end === 'dead'])
    clock.nowMs += 24 * 60 * minute
    w.receipts.wake()
    await w.receipts.idle()
    assert.equal(customer.received.length, 4, 'never again')
    assert.deepEqual(customer.received.map(idsIn), Array.from({ length: 4 }, () => [`${id}.report.ended`]))
    assert.equal(new Set(customer.received.map(({ body }) => body)).size, 1)
  }
})

void test('posts to one address go over a kept connection, and over a new one when that was closed', async () => {
  await using customer = await customerServer((request, response, nth) => {
    if (nth === 2) response.socket?.once('finish', () => response.socket?.destroy())
    takes(request, response)
  })
  await using w = await receiptWorld({ script: confirms })
  await w.desk.setTargets(w.dialer.accountId, { report: customer.url })
  for (let nth = 1; nth <= 3; nth += 1) {
    const id = await w.place()
    await until('it is delivered', async () => (await w.states(id))[0]!.deliveredAt)
    w.dialer.clock.nowMs += minute
  }
  assert.deepEqual(customer.received.map(({ headers }) => headers.connection), ['keep-alive', 'keep-alive', 'keep-alive'])
})

void test('what is due together goes together, as it happened', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld({ started: false, settings: { batchMax: 4 } })
  await w.desk.setTargets(w.dialer.accountId, { progress: customer.url })
  const id = await w.place()
  await w.receipts.start()
  await until('all are delivered', async () => (await w.states(id)).every(({ deliveredAt }) => deliveredAt !== null))
  assert.deepEqual(customer.received.map((post) => recordsIn(post).map(({ type }) => type)), [['dialing', 'ringing', 'answered', 'keys-pressed'], ['keys-pressed', 'ended']])
})

void test('a batch that a receiver cannot read is sent record by record; one bad record costs only itself', async () => {
  await using customer = await customerServer((request, response) => {
    const records = recordsIn(request)
    if (records.length > 3) response.writeHead(413).end()
    else if (records.some(({ type }) => type === 'ringing')) response.writeHead(400).end()
    else takes(request, response)
  })
  await using w = await receiptWorld({ started: false, settings: { pauseMs: 0 } })
  const { clock, accountId } = w.dialer
  await w.desk.setTargets(accountId, { progress: customer.url })
  const id = await w.place()
  await w.receipts.start()
  await until('it is given up', async () => {
    clock.nowMs += minute
    w.receipts.wake()
    await w.receipts.idle()
    return (await w.states(id)).some(({ deadAt }) => deadAt !== null)
  })
  assert.deepEqual((await w.states(id)).map(({ moment, deliveredAt }) => [moment.replace(/:\d+/, ''), deliveredAt !== null]), [
    ['dialing', true], ['ringing', false], ['answered', true], ['keys-pressed', true], ['keys-pressed', true], ['ended', true],
  ])
  assert.deepEqual(customer.received.map((post) => recordsIn(post).length).sort((a, b) => a - b), [1, 1, 1, 1, 1, 1, 1, 1, 6])
})

void test('a record that cannot be told does not hold up those beside it', async () => {
  await using customer = await customerServer(takes)
  const picky: RenderReceipt = (facts) => {
    if (facts.event.type === 'ringing') throw new Error('a mistake of ours')
    return render(facts)
  }
  await using w = await receiptWorld({ render: picky })
  await w.desk.setTargets(w.dialer.accountId, { progress: customer.url })
  const id = await w.place()
  await until('all are decided', async () => (await w.states(id)).every(({ deliveredAt, deadAt }) => deliveredAt ?? deadAt))
  assert.deepEqual((await w.states(id)).filter(({ deadAt }) => deadAt).map(({ moment, lastError }) => [moment, lastError]), [['ringing', 'the receipt could not be made from its record']])
})

void test('what was given up is listed and can be sent again, to its own account only', async () => {
  let broken = true
  await using customer = await customerServer((request, response) => (broken ? response.writeHead(503).end() : takes(request, response)))
  await using w = await receiptWorld({ script: confirms, settings: { backoffMs: [] } })
  const { accountId, db } = w.dialer
  await w.desk.setTargets(accountId, { report: customer.url })
  const ids = [await w.place(), await w.place()]
  const failed = await until('both are given up', async () => {
    w.dialer.clock.nowMs += minute
    const found = await w.desk.failed(accountId, 10)
    return found.failed.length === 2 ? found : undefined
  })
  assert.equal(failed.waiting, 0)
  const [first] = failed.failed
  assert.deepEqual([first!.id, first!.attempts, first!.lastError], [`${first!.callId}.report.ended`, 1, 'HTTP 503'])
  assert.match(first!.wireId, /^\d{12}\^\d{12}$/)
  const other = await createAccount(db, { name: 'other' })
  assert.deepEqual([(await w.desk.failed(other.id, 10)).failed, await w.desk.replay(other.id, [first!.id]), await w.desk.replay(other.id, undefined)], [[], 0, 0])
  await assert.rejects(w.desk.replay(accountId, ["call_1.report.x'; --"]), { name: 'InvalidInputError' })
  broken = false
  w.dialer.clock.nowMs += minute
  assert.equal(await w.desk.replay(accountId, [first!.id]), 1)
  await until('it is delivered', async () => (await w.states(first!.callId))[0]!.deliveredAt)
  assert.equal((await w.desk.failed(accountId, 10)).failed.length, 1)
  assert.equal(await w.desk.replay(accountId, undefined), 1)
  for (const id of ids) await until('both are delivered', async () => (await w.states(id))[0]!.deliveredAt)
  assert.equal(await w.desk.replay(accountId, undefined), 0, 'what was delivered is not sent again')
})

void test('private addresses are refused when they are set and when they are posted to', async () => {
  await using customer = await customerServer(takes)
  await using w = await receiptWorld({ script: confirms, settings: { privateAllowed: false, backoffMs: [] } })
  const { accountId, db } = w.dialer
  const strict = new ReceiptDesk(db, { privateAllowed: false, render })
  await assert.rejects(strict.setTargets(accountId, { report: customer.url }), { name: 'InvalidInputError' })
  await assert.rejects(strict.setTargets('acc_nobody', { report: 'https://example.com/' }), { name: 'NotFoundError' })
  const { port } = new URL(customer.url)
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    await w.desk.setTargets(accountId, { report: `http://${host}:${port}/` })
    const id = await w.place()
    await until(host, async () => (await w.states(id))[0]!.deadAt)
    assert.match((await w.states(id))[0]!.lastError!, /private address/, host)
    w.dialer.clock.nowMs += minute
  }
  assert.equal(customer.received.length, 0)
})
