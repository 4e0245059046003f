// Holds what becomes of calls that were dialling, ringing and talking when the process or its media threads died under them. The far end is in this process and survives.
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyLedger } from '../src/account/ledger.ts'
import { openDatabase } from '../src/db/connection.ts'
import { openFolder } from '../src/db/postgres/folder.ts'
import { clientConfig, readPidFile } from '../src/db/postgres/postmaster.ts'
import { supervisorDefaults } from '../src/db/postgres/supervisor.ts'
import { log } from '../src/log.ts'
import { readWav, WAV_HEADER_BYTES } from '../src/media/wav.ts'
import type { FarEnd, FarEndManner } from './world/far-end.ts'
import { canSeeProcesses } from './world/processes.ts'
import { ServerAndFarEnd } from './world/server-and-far-end.ts'
import type { DataFolder } from './world/server-process.ts'

if (!process.env['LOG_LEVEL']) log.level = 'error'

const skip = !canSeeProcesses && 'needs /proc'
const manners: Readonly<Record<string, FarEndManner>> = { '13800138021': 'mute', '13800138022': 'rings', '13800138023': 'answers' }
const stateOf: Readonly<Record<FarEndManner, string>> = { mute: 'dialing', rings: 'ringing', answers: 'talking' }
/** The lease of a dead owner, the start of the next server, and its first sweep. */
const CLOSED_MS_MAX = 40_000

void describe('calls that dial, ring and talk', { skip }, () => {
  void test('end once when the server is killed: the answered one gets BYE, the ringing one CANCEL, none is dialled again, all is paid right', { timeout: 120_000 }, async (t) => {
    await using stage = await setUp()
    const { server, farEnd, numbers } = stage
    await sleep(3_500) // some conversation to record and, up to the last heartbeat, to bill
    const killedAtMs = Date.now()
    await server.kill('server', Math.random)
    const infos = await stage.ended()
    for (const [number, info] of infos) assert.deepEqual([number, info['outcome'], info['ended_by']], [number, 'interrupted', 'platform'])
    await farEndIsTold(farEnd, numbers.answers)
    await farEndIsTold(farEnd, numbers.rings)
    t.diagnostic(JSON.stringify({ closedMs: Date.now() - killedAtMs }))
    assert.ok((infos.get(numbers.answers)!['cost'] as number) > 0, 'the time talked is billed')
    for (const manner of ['mute', 'rings'] as const) assert.equal(infos.get(numbers[manner])!['cost'], 0)
    stage.assertDialledOnce()
    assertPlayable(stage.recordingOf(numbers.answers), 1_000)
    await assertLedger(stage.folder)
  })

  void test('end at once when the media threads crash, with BYE and CANCEL, and the next call talks again', { timeout: 120_000 }, async () => {
    await using stage = await setUp({ NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'world/crash-media-on-signal.ts')}` })
    const { server, farEnd, numbers } = stage
    await sleep(3_500)
    const crashedAtMs = Date.now()
    process.kill(server.current.pid, 'SIGUSR2')
    const infos = await stage.ended()
    const ms = Date.now() - crashedAtMs
    assert.ok(ms < 12_000, `the calls were over ${ms} ms after the crash`)
    const outcomes = Object.fromEntries([...infos].map(([number, info]) => [stateOf[manners[number]!], info['outcome']]))
    assert.deepEqual(outcomes, { dialing: 'line-fault', ringing: 'line-fault', talking: 'answered' })
    await farEndIsTold(farEnd, numbers.answers)
    await farEndIsTold(farEnd, numbers.rings)
    stage.assertDialledOnce()
    assertPlayable(stage.recordingOf(numbers.answers), 1_000)
    const again = await stage.place('13800138033')
    await stage.untilStatus(again, 'talking')
    await stage.client.post('hang_up', { call_id: again })
    assert.equal((await stage.untilStatus(again, 'ended'))['outcome'], 'answered')
    await assertLedger(stage.folder)
  })
})

/** One server, a far end, and one call in each state. */
async function setUp(env: { [name: string]: string } = {}) {
  await using stack = new AsyncDisposableStack()
  const whole = stack.use(await ServerAndFarEnd.start((number) => manners[number] ?? 'answers', { TEST_NUMBERS: [...Object.keys(manners), '13800138033'].join(), RING_MS_MAX: '60000', ...env }))
  const { server, farEnd, folder, client } = whole
  const place = (number: string) => whole.place(number)
  const untilStatus = async (callId: string, status: string): Promise<{ [key: string]: unknown }> => {
    for (const deadline = Date.now() + CLOSED_MS_MAX; ; await sleep(100)) {
      const info = await whole.post('search_callinfo', { call_id: callId })
      if (info['status'] === status) return info
      assert.ok(Date.now() < deadline && info['status'] !== 'ended', `not ${status}: ${JSON.stringify(info)}`)
    }
  }
  const ids = new Map<string, string>()
  for (const [number, manner] of Object.entries(manners)) {
    ids.set(number, await place(number))
    await untilStatus(ids.get(number)!, stateOf[manner])
  }
  const kept = stack.move()
  return {
    server,
    farEnd,
    folder,
    client,
    place,
    untilStatus,
    numbers: Object.fromEntries(Object.entries(manners).map(([number, manner]) => [manner, number])) as Record<FarEndManner, string>,
    recordingOf: (number: string) => path.join(folder.path, 'recordings', `${ids.get(number)}.wav`),
    ended: async () => new Map(await Promise.all([...ids].map(async ([number, id]) => [number, await untilStatus(id, 'ended')] as const))),
    assertDialledOnce: () => {
      for (const number of ids.keys()) assert.equal(farEnd.calls.get(number)?.length, 1, `${number} was dialled once`)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function farEndIsTold(farEnd: FarEnd, number: string): Promise<void> {
  for (const deadline = Date.now() + 15_000; ; await sleep(50)) {
    const over = farEnd.calls.get(number)?.[0]?.over
    if (over) return
    assert.ok(Date.now() < deadline, `the far end of ${number} was told that the call is over`)
  }
}

function assertPlayable(file: string, msMin: number): void {
  const bytes = readFileSync(file)
  assert.equal(bytes.readUInt32LE(4), statSync(file).size - 8, 'the RIFF size is that of the file')
  const { format, channels } = readWav(bytes)
  assert.equal(format.channels, 2)
  const ms = (channels[0]!.length / format.sampleRateHz) * 1_000
  assert.ok(ms >= msMin && bytes.length > WAV_HEADER_BYTES, `${ms} ms were recorded`)
}

async function assertLedger(folder: DataFolder): Promise<void> {
  const found = await readPidFile(await openFolder(folder.path))
  const db = openDatabase({ log, config: clientConfig(found!.socketDir, supervisorDefaults.database), poolMax: 2 })
  try {
    assert.deepEqual(await verifyLedger(db.sql), { wallets: [], stranded: [] })
  } finally {
    await db.close()
  }
}
