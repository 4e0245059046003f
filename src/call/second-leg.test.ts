import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallTrace } from '../sip/trace.ts'
import { FakeMedia, FakeTime } from '../speech/testing.ts'
import { Leg } from './leg.ts'
import { SecondLeg } from './second-leg.ts'
import { FakeUserAgent, fakeTrunk } from './testing.ts'

test('a second leg is kept in the trace of its call', async () => {
  using time = new FakeTime()
  const media = new FakeMedia(time)
  const agent = new FakeUserAgent()
  const trace = new CallTrace()
  const trunk = fakeTrunk(agent)
  const port = await media.open({ address: '127.0.0.1', onEvent: () => {} })
  const first = new Leg(trunk, port, { phone: '+8613800138000', callerId: '02160001000', ringMsMax: 1_000, trace, onRinging: () => {}, onDigit: () => {} })
  const hooks = { admit: () => Promise.resolve({ callerId: '02160001000', giveBack: () => {} }), beforeInvite: () => {}, onDialogs: () => {} }
  const second = new SecondLeg({ trunk, media, mediaAddress: '127.0.0.1', beside: port, hooks, trace: first.trace }, { phone: '+8613900139000', ringMsMax: 1_000, onRinging: () => {}, onMedia: () => {} })
  await time.advance(20)
  assert.equal(agent.invites[0]?.options.trace, trace)
  await second.close()
})
