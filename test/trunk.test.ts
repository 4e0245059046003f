import assert from 'node:assert/strict'
import { test } from 'node:test'
import { log } from '../src/log.ts'
import { SimulatedCarrier } from '../src/simulator/process.ts'
import { Platform } from './world/platform.ts'

const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

test('a trunk is named by SIP_TRUNK, and the next address is tried when the first is dead', { timeout: 120_000 }, async () => {
  await using carrier = await SimulatedCarrier.start({ address: '127.0.0.1', port: 0, load: false, log })
  // Nothing listens on the first address: the kernel says so, and the call goes on to the second within seconds.
  await using platform = await Platform.start({ SIP_TRUNK: `127.0.0.1:9,localhost:${carrier.port}`, ALLOW_DEMO_ASR: 'on', TEST_NUMBERS: '13800138000', CALLING_HOURS: '08:00-22:00' })
  const info = await platform.call('13800138000', REQUIREMENT)
  assert.deepEqual([info['outcome'], info['conversation']], ['answered', 'confirmed'], JSON.stringify(info['provider_response']))
})

test('people are not dialled with a recogniser that cannot understand them', { timeout: 60_000 }, async () => {
  await using platform = await Platform.start({ SIP_TRUNK: '127.0.0.1:9', TEST_NUMBERS: '13800138000' })
  const { status, body } = await platform.post('initiate_call', { phones: '13800138000', user_requirement: REQUIREMENT })
  assert.equal(status, 403)
  assert.match(String(body['message']), /ALLOW_DEMO_ASR/)
})
