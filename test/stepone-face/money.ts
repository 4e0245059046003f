// Money that is not there, before a call and in the middle of one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Platform } from '../world/platform.ts'
import { readAll } from './chat-reader.ts'
import { Customer, number, requirement } from './customer.ts'

export function money(platform: () => Platform): void {
  test('an account with less than one block is refused before anything is dialled', async () => {
    const poor = await Customer.open(platform().app, { creditLi: 149 })
    const { status, json, text } = await poor.post('initiate_call', { phones: number.confirms, user_requirement: requirement })
    assert.deepEqual([status, json['success'], json['code'], json['call_started'], json['retry_safe']], [402, false, 'no-balance', false, true], text)
    assert.match(String(json['message']), /^余额不足：需要 0\.15 元，可用 0\.149 元.*请充值/)
    assert.deepEqual(await poor.stored(), { calls: 0, keys: 0, entries: 1, balanceLi: 149, heldLi: 0, sumLi: 149, sumHeldLi: 0 })

    // Enough for one is not enough for two: none is placed.
    const two = await Customer.open(platform().app, { creditLi: 299 })
    assert.equal((await two.post('initiate_call', { phones: `${number.busy},${number.declines}`, user_requirement: requirement })).status, 402)
    assert.deepEqual(await two.stored().then(({ calls, heldLi }) => [calls, heldLi]), [0, 0])
    const [id] = await two.place(number.busy)
    assert.equal((await two.ended(id!))['outcome'], 'busy')
    assert.deepEqual(await two.balance(), { balanceLi: 299, heldLi: 0, availableLi: 299 })
  })

  test('many calls at once never hold more than there is', { timeout: 90_000 }, async () => {
    const customer = await Customer.open(platform().app, { creditLi: 460 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => customer.post('initiate_call', { phones: number.busy, user_requirement: requirement })))
    const placed = answers.filter(({ status }) => status === 200)
    assert.ok(placed.length >= 3)
    assert.ok(answers.every(({ status }) => status === 200 || status === 402))
    for (const { json } of placed) await customer.ended((json['call_ids'] as string[])[0]!)
    assert.deepEqual(await customer.balance(), { balanceLi: 460, heldLi: 0, availableLi: 460 })
  })

  test('a call whose money runs out is closed politely within what is paid; the balance never goes below zero, and the record says why', { timeout: 120_000 }, async () => {
    // One block of 20 s for 334 厘 is all there is.
    const customer = await Customer.open(platform().app, { creditLi: 400, price: { priceLiPerMin: 1_000, initialBlockSec: 20, incrementSec: 20 } })
    const [id] = await customer.place(number.confirms)
    const over = new AbortController()
    const watching = (async () => {
      const seen: number[] = []
      while (!over.signal.aborted) {
        const { balanceLi, heldLi, availableLi } = await customer.balance()
        assert.equal(availableLi, balanceLi - heldLi)
        seen.push(availableLi)
        await sleep(500)
      }
      return seen
    })()
    const blocks = await readAll(customer.stream(id!)).finally(() => over.abort())
    const seen = await watching
    assert.ok(seen.length > 10 && seen.every((availableLi) => availableLi >= 0), seen.join(' '))
    const lines = blocks.flatMap(({ line }) => line ?? [])
    assert.match(lines.at(-2)!.content, /本次通话需要先结束.*再见/, 'the callee is told')

    const info = await customer.lookUp(id!)
    assert.deepEqual([info['outcome'], info['ended_by'], info['billed_seconds'], info['cost'], info['billed']], ['answered', 'platform', 20, 0.334, true])
    assert.ok((info['duration_seconds'] as number) <= 20)
    assert.match(String(info['provider_response']), /"detail":"balance-used-up"/)
    assert.match(String((await customer.post('explain', { call_id: id })).json['text']), /余额/)
    assert.deepEqual(await customer.stored(), { calls: 1, keys: 0, entries: 3, balanceLi: 66, heldLi: 0, sumLi: 66, sumHeldLi: 0 })
    assert.equal((await customer.post('initiate_call', { phones: number.confirms, user_requirement: requirement })).status, 402, 'what is left is not enough for another')
  })
}
