// Checks that the carrier's process comes up, comes back and goes, whatever happens to it. The process is real.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { SimulatedCarrier } from './process.ts'

const log = pino({ level: 'silent' })
process.env['LOG_LEVEL'] = 'silent'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(holds: () => boolean, msMax: number): Promise<void> {
  const endMs = performance.now() + msMax
  while (!holds()) {
    assert.ok(performance.now() < endMs, `not within ${msMax} ms`)
    await sleep(20)
  }
}

test('a carrier that is killed comes back at the same port, and goes when it is told to', { timeout: 60_000 }, async () => {
  const carrier = await SimulatedCarrier.start({ address: '127.0.0.1', port: 0, load: true, log })
  const { port, pid } = carrier
  assert.ok(port > 0 && pid !== undefined && carrier.isUp)
  process.kill(pid, 'SIGKILL')
  await until(() => carrier.pid !== pid && carrier.isUp, 10_000)
  assert.equal(carrier.port, port)
  const second = carrier.pid!
  await carrier.stop()
  assert.equal(isAlive(second), false)
  assert.equal(carrier.isUp, false)
  await carrier.stop()
})

test('a carrier whose port is taken does not come up, and is not started again behind its starter\'s back', { timeout: 60_000 }, async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  await assert.rejects(SimulatedCarrier.start({ address: '127.0.0.1', port: socket.address().port, load: true, log }), /simulated carrier/)
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length, before, 'no restart is planned')
  socket.close()
})
