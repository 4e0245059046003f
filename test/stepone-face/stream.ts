// The live conversation: bytes, heartbeats, endings, and readers that come early, late, in crowds and again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '../world/platform.ts'
import { conversationOf, readAll, type Block } from './chat-reader.ts'
import { Customer, number } from './customer.ts'

export function stream(platform: () => Platform): void {
  test('a call that only rings shows a heartbeat every half second, then [TIMEOUT] after 30 seconds; the call goes on', { timeout: 120_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const [id] = await customer.place(number.ringsOn)
    const openedAtMs = performance.now()
    const blocks = await readAll(customer.stream(id!))
    const end = blocks.at(-1)!
    assert.equal(end.raw, 'data: {"role": "system", "content": "[TIMEOUT]"}')
    assertBetween(end.atMs - openedAtMs, 29_000, 34_000, 'the time until [TIMEOUT]')
    const beats = blocks.slice(0, -1)
    assert.ok(beats.every(({ raw }) => raw === ': keep-alive'))
    // 59 or 60 are due; a busy machine may swallow some.
    assertBetween(beats.length, 50, 61, 'heartbeats')
    const gaps = beats.slice(1).map((beat, i) => beat.atMs - beats[i]!.atMs).toSorted((a, b) => a - b)
    assertBetween(gaps[Math.floor(gaps.length / 2)]!, 450, 600, 'the usual time between heartbeats')
    assert.equal((await customer.lookUp(id!))['duration_seconds'], null)

    // It may be read again, and is still there to be ended.
    const again = readAll(customer.stream(id!))
    assert.equal((await customer.post('hang_up', { call_id: id })).status, 200)
    assert.equal((await again).at(-1)!.raw.split('\n')[1], 'data: {"role": "system", "content": "[DONE]", "outcome": "cancelled"}')
    assert.deepEqual(await customer.stored().then(({ heldLi, balanceLi }) => [heldLi, balanceLi]), [0, 100_000])
  })

  test('one live call is the same for 50 readers at once, for late ones, and for those that are cut at every event', { timeout: 150_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const [id] = await customer.place(number.confirms, '通知张总明天上午9点在"三楼会议室"开会，\n请带上\\报表\\')
    const crowd = Array.from({ length: 50 }, () => readAll(customer.stream(id!)))
    const cut = { header: readInPieces(customer, id!, 'header'), body: readInPieces(customer, id!, 'body') }
    await customer.until(id!, (block) => block.line?.role === 'user')
    const late = readAll(customer.stream(id!))

    const whole = await crowd[0]!
    const bytes = conversationOf(whole)
    const lines = whole.flatMap(({ line }) => line ?? [])
    assert.deepEqual(lines.at(-1), { role: 'system', content: '[DONE]', outcome: 'answered' })
    assert.ok(lines.filter(({ role }) => role === 'assistant').length >= 2 && lines.some(({ role }) => role === 'user'), bytes)
    for (const reader of await Promise.all(crowd)) assert.equal(conversationOf(reader), bytes)
    assert.equal(conversationOf(await late), bytes)
    assert.equal(conversationOf(await readAll(customer.stream(id!))), bytes, 'a reader after the end')
    for (const pieces of Object.values(cut)) assert.equal(conversationOf(await pieces), bytes)

    // Heartbeats belong to a call that is not connected; when it was answered none is due before the first words.
    const first = whole.findIndex((block) => block.line)
    assert.ok(whole.slice(first).filter((block) => !block.line).length <= 2, 'a conversation is no series of heartbeats')
    const ids = whole.flatMap((block) => block.id ?? [])
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b))
    assert.equal(new Set(ids).size, lines.length, 'every line has an id of its own')

    // After the end, too, from every event and from between the events, by header and by body.
    for (const after of Array.from({ length: ids.at(-1)! }, (_, seq) => seq)) {
      const rest = conversationOf(whole.filter((block) => (block.id ?? 0) > after))
      const [byHeader, byBody] = await Promise.all([readAll(customer.stream(id!, { header: after })), readAll(customer.stream(id!, { body: after }))])
      assert.deepEqual([conversationOf(byHeader), conversationOf(byBody)], [rest, rest], `after ${after}`)
    }
    // A reader that has seen the end and comes back all the same: nothing is repeated, and it is let go at once.
    const done = await customer.post('stream_chat_history', { call_id: id, last_event_id: ids.at(-1) })
    assert.deepEqual([done.status, done.text], [200, ''])
    const info = await customer.lookUp(id!)
    assert.deepEqual(info['call_content'], lines.slice(0, -1))
    assert.equal(info['user_requirement'], '通知张总明天上午9点在“三楼会议室”开会， 请带上\\报表\\')
  })

  test('a call that ends unanswered ends its stream at once, with the outcome', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const [id] = await customer.place(number.busy)
    const blocks = await readAll(customer.stream(id!))
    assert.deepEqual(blocks.at(-1)!.line, { role: 'system', content: '[DONE]', outcome: 'busy' })
    assert.equal(blocks.filter((block) => block.line).length, 1)
    const [late] = await readAll(customer.stream(id!))
    assert.equal(late!.raw, blocks.at(-1)!.raw, 'a late reader sees the end at once')
  })
}

/** A reader whose connection is cut after every event, and that resumes after it each time. */
async function readInPieces(customer: Customer, callId: string, by: 'header' | 'body'): Promise<Block[]> {
  const blocks: Block[] = []
  while (blocks.at(-1)?.line?.role !== 'system') {
    const last = blocks.at(-1)?.id
    // Leaving the loop cuts the connection.
    for await (const block of customer.stream(callId, last === undefined ? {} : { [by]: last })) {
      if (block.line === undefined) continue
      blocks.push(block)
      break
    }
  }
  return blocks
}

function assertBetween(value: number, min: number, max: number, what: string): void {
  assert.ok(value >= min && value <= max, `${what}: ${value}, not within ${min} and ${max}`)
}
