import assert from 'node:assert/strict'
import { test } from 'node:test'
import { balanceOf } from '../account/ledger.ts'
import { claimCalls } from './claim.ts'
import { dialerWorld, noonMs, simulatedLine, talksOn, until, type World } from './testing.ts'

/** Leaves a call as a process does that is killed at the given status. */
async function abandoned(world: World, phone: string, status: 'dialing' | 'ringing' | 'talking', more: { heartbeatAt?: Date } = {}): Promise<string> {
  const id = await world.place(phone)
  const input = { line: simulatedLine, owner: 'own_dead', nowMs: noonMs, capacity: 1, settings: world.service.settings, trunks: world.service.trunks, dice: () => 0, linesNotCounted: [] }
  assert.deepEqual((await claimCalls(world.db, input)).claimed.map((call) => call.row.id), [id])
  await world.db.sql
    .updateTable('calls')
    .set({
      status,
      lease_until: new Date(Date.now() - 1),
      ringing_at: status === 'dialing' ? null : new Date(noonMs),
      answered_at: status === 'talking' ? new Date(noonMs + 1_000) : null,
      ...(more.heartbeatAt ? { heartbeat_at: more.heartbeatAt } : {}),
    })
    .where('id', '=', id)
    .execute()
  return id
}

void test('calls of a dead process are closed as interrupted when another starts, and never dialled again', async () => {
  await using world = await dialerWorld({ started: false })
  const dialing = await abandoned(world, '13800138000', 'dialing')
  const ringing = await abandoned(world, '13800138001', 'ringing')
  const talking = await abandoned(world, '13800138002', 'talking', { heartbeatAt: new Date(noonMs + 71_000) })
  const queued = await world.place('13800138003')
  await world.service.start()
  for (const [id, stage, talkMs, costLi] of [
    [dialing, 'dialing', 0, 0],
    [ringing, 'ringing', 0, 0],
    // From the answer to the last heartbeat: 70 s, so two minutes.
    [talking, 'talking', 70_000, 300],
  ] as const) {
    await world.ended(id)
    const record = await world.service.lookUp(world.accountId, id)
    assert.deepEqual([record.reason?.outcome, record.reason?.stage, record.talkMs, record.costLi], ['interrupted', stage, talkMs, costLi])
  }
  await world.ended(queued)
  assert.deepEqual(world.invited.map((call) => call.request.id), [queued])
  await world.assertLedger()
  assert.deepEqual(await balanceOf(world.db.sql, world.accountId), { balanceLi: 10_000 - 300 - 150, heldLi: 0 })
})

void test('the SIP dialog of an orphaned call is handed to somebody who can hang up', async () => {
  const orphans: [string, unknown][] = []
  await using world = await dialerWorld({ started: false, onOrphan: (id, dialog) => orphans.push([id, dialog]) })
  const talked = await abandoned(world, '13800138000', 'talking')
  const rang = await abandoned(world, '13900139000', 'ringing')
  for (const [id, dialog] of [[talked, '{"callId":"x"}'], [rang, '{"branch":"y"}']] as const) await world.db.sql.updateTable('calls').set({ dialog }).where('id', '=', id).execute()
  await abandoned(world, '13700137000', 'ringing') // it was killed before it could store anything
  await world.service.start()
  await world.ended(talked)
  await world.ended(rang)
  assert.deepEqual(new Map(orphans), new Map<string, unknown>([[talked, { callId: 'x' }], [rang, { branch: 'y' }]]))
})

void test('what was recorded of an interrupted call stays with its record; a call that only rang has what was heard before', async () => {
  const asked: string[] = []
  const recoverRecording = (callId: string, what: 'recording' | 'clip') => {
    asked.push(`${what} ${callId}`)
    return Promise.resolve(`/recordings/${what}-${callId}.wav`)
  }
  await using world = await dialerWorld({ started: false, recoverRecording })
  const talked = await abandoned(world, '13800138000', 'talking')
  const rang = await abandoned(world, '13900139000', 'ringing')
  await world.service.start()
  await world.ended(talked)
  await world.ended(rang)
  assert.equal((await world.service.lookUp(world.accountId, talked)).recording, `/recordings/recording-${talked}.wav`)
  const { recording, reason } = await world.service.lookUp(world.accountId, rang)
  assert.deepEqual([recording, reason?.evidence.clip], [undefined, `/recordings/clip-${rang}.wav`])
  assert.deepEqual(asked.sort(), [`clip ${rang}`, `recording ${talked}`])
})

void test('a wish not to be called again survives the process that heard it', async () => {
  await using world = await dialerWorld({ started: false })
  const id = await abandoned(world, '13800138000', 'talking')
  await world.db.sql
    .insertInto('call_events')
    .values({ call_id: id, seq: 3, at: new Date(noonMs), event: JSON.stringify({ type: 'noted', note: { doNotCall: { evidence: '别打了' } } }) })
    .execute()
  await world.service.start()
  await world.ended(id)
  await assert.rejects(world.place('13800138000'), { code: 'do-not-call' })
})

void test('a call whose owner is alive is left alone', async () => {
  await using world = await dialerWorld({ script: talksOn })
  const id = await world.place()
  await until('it talks', () => world.invited[0]?.answeredAt !== undefined)
  const other = world.another()
  await other.start()
  // Longer than the lease of a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await other.live.sweep()
  assert.notEqual((await world.service.lookUp(world.accountId, id)).status, 'ended')
})

void test('an owner that lost its lease hangs up and writes nothing more', async () => {
  await using world = await dialerWorld({
    script: async (call) => {
      call.answer()
      await call.stopped()
      // A zombie's last words.
      call.say('再见')
      call.note({ doNotCall: { evidence: 'never said' } })
      return { talkMs: 999_000 }
    },
  })
  const id = await world.place()
  await until('it talks', async () => (await world.service.lookUp(world.accountId, id)).status === 'talking')
  // Frozen until the lease ran out, as far as the others can tell.
  await world.db.sql.updateTable('calls').set({ lease_until: new Date(0) }).where('id', '=', id).execute()
  const other = world.another()
  await until('it is taken over', async () => {
    await world.db.sql.updateTable('calls').set({ lease_until: new Date(0) }).where('id', '=', id).where('status', '<>', 'ended').execute()
    await other.live.sweep()
    return other.live.stats.takenOver === 1
  })
  await until('the owner notices', () => world.service.live.live === 0)
  assert.equal(world.invited[0]!.signal.aborted, true)
  const rows = await world.ended(id)
  assert.deepEqual(rows.map((row) => row.event.type), ['accepted', 'dialing', 'answered', 'ended'])
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.reason?.outcome, record.talkMs], ['interrupted', 0])
  assert.deepEqual(await world.db.sql.selectFrom('do_not_call').selectAll().execute(), [])
  await world.assertLedger()
})

void test('several processes that find the same abandoned calls close each once', async () => {
  await using world = await dialerWorld({ started: false })
  const ids: string[] = []
  for (let i = 0; i < 10; i += 1) ids.push(await abandoned(world, `1380013800${i}`, 'talking', { heartbeatAt: new Date(noonMs + 2_000) }))
  const services = [world.service, world.another(), world.another()]
  await Promise.all(services.map((service) => service.live.sweep()))
  await Promise.all(services.map((service) => service.live.sweep()))
  assert.equal(services.reduce((sum, service) => sum + service.live.stats.takenOver, 0), 10)
  for (const id of ids) assert.equal((await world.ended(id)).filter((row) => row.event.type === 'ended').length, 1)
  await world.assertLedger()
})

void test('stopping the service lets calls end, then hangs up, and settles all of them', async () => {
  await using world = await dialerWorld({ script: talksOn })
  const id = await world.place()
  await until('it talks', () => world.invited[0]?.answeredAt !== undefined)
  await world.service.live.stop(10)
  const record = await world.service.lookUp(world.accountId, id)
  assert.deepEqual([record.status, record.reason?.by], ['ended', 'platform'])
  await world.assertLedger()
})

void test('a transaction that holds on to one call does not cost the others their leases', async () => {
  await using world = await dialerWorld({ script: talksOn })
  const held = await world.place('13800138000')
  const other = await world.place('13800138001')
  await until('both talk', () => world.invited.length === 2)
  const client = await world.db.pool.connect()
  try {
    await client.query('begin')
    await client.query('select 1 from calls where id = $1 for update', [held])
    await world.db.sql.updateTable('calls').set({ lease_until: new Date(0) }).where('id', '=', other).execute()
    // A beat under way may have passed the row already, or have met its own event being written: the next one takes it.
    let kept = false
    for (let beats = 0; beats < 20 && !kept; beats += 1) {
      await world.service.live.heartbeat()
      const { rows } = await client.query<{ kept: boolean }>('select lease_until > clock_timestamp() as kept from calls where id = $1', [other])
      kept = rows[0]!.kept
    }
    assert.equal(kept, true)
    assert.equal(world.service.live.stats.lost, 0)
  } finally {
    await client.query('rollback')
    client.release()
  }
})
