// Calls through failures, all at once: none may be stuck, no port and no transaction may stay.
// Runs alone: fifty calls at once, in bad weather.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { createMediaEngine } from '../src/media/worker-engine.ts'
import { withoutSipp as skip } from './world/sipp.ts'
import { storm } from './world/storm.ts'

const log = pino({ level: 'silent' })

test('fifty calls through 503s, dead carriers, lost ACKs, crossing BYEs and CANCELs at 10 % loss all end and leave nothing', { skip, timeout: 120_000 }, async () => {
  await using media = await createMediaEngine({ workers: 1, portMin: 28_000, portMax: 28_998, admission: { busyMax: 1, lateMsMax: Infinity }, log })
  const { stuck, left, failed, endings, calls } = await storm({ calls: 50, media, log })
  const seen = JSON.stringify(endings, undefined, 1)
  assert.deepEqual({ stuck, left, failed }, { stuck: 0, left: { calls: 0, ports: 0, transactions: 0 }, failed: 0 }, seen)
  assert.ok(calls >= 50, `${calls} calls`)
  const of = (name: string) => Object.keys(endings[name]!)
  assert.deepEqual(of('talk'), ['answered, ended local'], seen)
  assert.deepEqual(of('503, then the next carrier'), ['answered, ended local'], seen)
  assert.deepEqual(of('nobody there'), ['failed 408 timeout'], seen)
  assert.deepEqual(of('nobody there, then the next carrier'), ['answered, ended local'], seen)
  assert.deepEqual(of('lost ACKs'), ['answered, ended local'], seen)
  for (const end of of('both hang up')) assert.match(end, /^answered, ended (local|remote)$/, seen)
  for (const end of of('CANCEL crosses the answer')) assert.match(end, /^(failed (487|200|408) cancelled|answered, ended local)$/, seen)
  // 408: every word of the carrier was lost, so that there was nothing to cancel.
  for (const end of of('rings on')) assert.match(end, /^failed (487|408) cancelled$/, seen)
  assert.deepEqual(of('the carrier dies in the call'), ['answered, ended local'], seen)
})
