// Ending a call from outside, and whose call it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lockLine } from '../../src/db/calls.ts'
import type { Platform } from '../world/platform.ts'
import { readAll } from './chat-reader.ts'
import { Customer, number } from './customer.ts'

export function stops(platform: () => Platform): void {
  test('hang_up in a conversation ends it politely within seconds, and what was talked is billed', { timeout: 120_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const [id] = await customer.place(number.confirms)
    const reading = readAll(customer.stream(id!))
    // In the middle of the robot's words.
    await customer.until(id!, (block) => block.line?.role === 'user')
    const askedAtMs = performance.now()
    const { status, text } = await customer.post('hang_up', { call_id: id })
    assert.deepEqual([status, text], [200, `{"success":true,"call_id":"${id}","result":"stopping","message":"已受理，通话即将结束"}`])
    const blocks = await reading
    assert.ok(blocks.at(-1)!.atMs - askedAtMs < 12_000, `ended after ${blocks.at(-1)!.atMs - askedAtMs} ms`)
    const lines = blocks.flatMap(({ line }) => line ?? [])
    assert.equal(lines.at(-1)!.outcome, 'answered')
    const info = await customer.lookUp(id!)
    assert.deepEqual([info['ended_by'], info['billed'], info['cost'], info['billed_seconds']], ['user', true, 0.15, 60], String(info['provider_response']))
    assert.ok((info['duration_seconds'] as number) > 0)
    assert.match(lines.at(-2)!.content, /再见/, 'the callee is told')
    assert.deepEqual(await customer.balance(), { balanceLi: 99_850, heldLi: 0, availableLi: 99_850 })

    for (const action of ['hang_up', 'cancel']) {
      const again = await customer.post(action, { call_id: id })
      assert.deepEqual([again.status, again.json['success'], again.json['result']], [200, true, 'already-ended'])
    }
    // Each look-up signs a new link.
    assert.deepEqual({ ...(await customer.lookUp(id!)), recording_url: '' }, { ...info, recording_url: '' }, 'and nothing changes')
  })

  test('a call that was not dialled yet is cancelled at no cost, and never rings', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app)
    const { app } = platform()
    for (const action of ['cancel', 'hang_up']) {
      // As when another node is dialling on the line: calls stay queued while it is held.
      const id = await app.db.transaction(async (tx) => {
        await lockLine(tx, 'simulated')
        const [id] = await customer.place(number.confirms)
        assert.deepEqual(await customer.lookUp(id!).then(({ status, duration_seconds: duration, waiting_for: waits }) => [status, duration, waits]), ['queued', null, 'line'])
        assert.equal((await customer.balance()).heldLi, 150)
        assert.deepEqual((await customer.post(action, { call_id: id })).json['result'], 'stopping')
        return id!
      })
      const info = await customer.ended(id)
      assert.deepEqual([info['outcome'], info['ended_by'], info['cost'], info['billed'], info['duration_seconds']], ['cancelled', 'user', 0, false, 0])
      assert.deepEqual(await customer.balance(), { balanceLi: 100_000, heldLi: 0, availableLi: 100_000 })
      const { rows } = await app.db.pool.query<{ dialing_at: Date | null }>('select dialing_at from calls where id = $1', [id])
      assert.deepEqual(rows, [{ dialing_at: null }])
    }
  })

  test("another account's call does not exist, whatever is asked about it", { timeout: 90_000 }, async () => {
    const [owner, stranger] = await Promise.all([Customer.open(platform().app), Customer.open(platform().app)])
    const [id] = await owner.place(number.ringsOn)
    await owner.until(id!, () => true)
    const answers = async (callId: string) => {
      const posted = await Promise.all(['search_callinfo', 'stream_chat_history', 'explain', 'hang_up', 'cancel'].map((action) => stranger.post(action, { call_id: callId })))
      const recording = await stranger.send('GET', `/api/v1/callinfo/recording/${callId}`)
      return [...posted, recording].map(({ status, text }) => [status, text.replace(callId, '<id>').replace(/"request_id":"[^"]*"/, '')])
    }
    const theirs = await answers(id!)
    for (const [status, text] of theirs) {
      assert.equal(status, 404, String(text))
      assert.match(String(text), /"code":"call-not-found"/)
    }
    assert.deepEqual(theirs, await answers('01AAAAAAAAAAAAAAAAAAAAAAAA'), 'told apart from a call that never was by nothing')
    assert.equal((await owner.lookUp(id!))['ended_at'], null, 'and goes on')
    assert.equal((await owner.post('hang_up', { call_id: id })).json['result'], 'stopping')
    assert.equal((await owner.ended(id!))['outcome'], 'cancelled')
  })
}
