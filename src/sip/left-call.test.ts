// Calls whose process died, ended by another agent that knows only what was stored. The far end is played by hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dial, dialAndAnswer, here, log, theirSdp, type Stage } from './fake-call.ts'
import type { ReceivedRequest } from './message.ts'
import { SipUserAgent, type LeftCall } from './user-agent.ts'

/** An agent that begins where the other one was, or elsewhere. */
function survivor({ network }: Stage, at = here): Promise<SipUserAgent> {
  return SipUserAgent.open({ ...at, log, clock: network.clock, openTransport: network.open(at.address, at.port) })
}

function stored(left: LeftCall | undefined): LeftCall {
  assert.ok(left)
  return JSON.parse(JSON.stringify(left)) as LeftCall
}

async function ringing(): Promise<Stage> {
  const stage = await dial({ headers: [['P-Asserted-Identity', '<tel:+862160001000>']] })
  await stage.wait(5)
  stage.peer.reply(stage.invite(), 180)
  await stage.wait(5)
  return stage
}

void test('the state of an answered dialog survives JSON and ends the call from another agent', async () => {
  const stage = await dialAndAnswer()
  const { call, peer, wait } = stage
  const left = stored(call.dialogState())
  const agent = await survivor(stage, { address: '10.0.0.9', port: 5060 })
  peer.onRequest = (request) => request.method === 'BYE' && peer.reply(request, 200)
  const status = agent.endFrom(left)
  await wait(5)
  const bye = peer.got('BYE')[0]!
  assert.equal(bye.envelope.cseq, 1_002)
  assert.equal(bye.envelope.toTag, 'peer')
  assert.equal(bye.uri, 'sip:peer@10.0.0.2:5060')
  assert.equal(await status, 200)
})

void test('nothing is kept of a call that does not ring yet, nor of its body and credentials when it rings', async () => {
  const early = await dial()
  await early.wait(5)
  assert.equal(early.call.ringingState(), undefined)
  early.peer.reply(early.invite(), 100)
  await early.wait(5)
  assert.equal(early.call.ringingState(), undefined)
  const { call } = await ringing()
  const names = stored(call.ringingState()) as Extract<LeftCall, { branch: string }>
  assert.deepEqual(names.invite.headers.map(([name]) => name).sort(), ['CSeq', 'Call-ID', 'From', 'To', 'User-Agent', 'Via'])
  const answered = await dialAndAnswer()
  assert.equal(answered.call.ringingState(), undefined)
})

/** What the far end does when CANCEL comes. */
async function cancelled(onCancel: (stage: Stage, cancel: ReceivedRequest, invite: ReceivedRequest) => void, at = here) {
  const stage = await ringing()
  const invite = stage.invite()
  const agent = await survivor(stage, at)
  stage.peer.onRequest = (request) => {
    if (request.method === 'CANCEL') onCancel(stage, request, invite)
    if (request.method === 'BYE') stage.peer.reply(request, 200)
  }
  let status: number | undefined
  void agent.endFrom(stored(stage.call.ringingState())).then((final) => (status = final))
  return { ...stage, agent, status: () => status }
}

void test('a call that rings is cancelled in the transaction of its INVITE, and the refusal is acknowledged', async () => {
  const { peer, invite, wait, status, agent } = await cancelled((stage, cancel, invite) => {
    stage.peer.reply(cancel, 200)
    stage.peer.reply(invite, 487)
  })
  await wait(10)
  const [cancel] = peer.got('CANCEL')
  assert.equal(cancel!.headers.get('Via'), invite().headers.get('Via'))
  assert.equal(cancel!.uri, invite().uri)
  assert.deepEqual([cancel!.envelope.cseq, cancel!.envelope.toTag, cancel!.envelope.fromTag], [1, undefined, invite().envelope.fromTag])
  assert.equal(peer.got('ACK').length, 1)
  assert.equal(status(), 487)
  await wait(40_000)
  assert.equal(agent.stats.transactions, 0)
})

void test('an answer that crosses the CANCEL gets its ACK, again when it is repeated, and its BYE', async () => {
  const { peer, invite, wait, status, agent } = await cancelled((stage, cancel, invite) => {
    stage.peer.reply(invite, 200, { sdp: theirSdp })
    stage.peer.reply(cancel, 200)
  })
  await wait(10)
  peer.reply(invite(), 200, { sdp: theirSdp })
  await wait(10)
  assert.equal(peer.got('ACK').length, 2)
  assert.deepEqual(peer.got('BYE').map(({ envelope }) => [envelope.toTag, envelope.cseq]), [['peer', 2]])
  assert.equal(status(), 200)
  await wait(40_000)
  assert.equal(agent.stats.transactions, 0)
})

void test('from another address the CANCEL still names the INVITE that was sent', async () => {
  const { peer, invite, wait } = await cancelled((stage, cancel) => stage.peer.reply(cancel, 200), { address: '10.0.0.9', port: 5080 })
  await wait(10)
  assert.equal(peer.got('CANCEL')[0]!.headers.get('Via'), invite().headers.get('Via'))
})

void test('a far end that knows no such call, or is gone, keeps nobody waiting for ever', async () => {
  const unknown = await cancelled((stage, cancel) => stage.peer.reply(cancel, 481))
  await unknown.wait(10)
  assert.equal(unknown.status(), 481)
  const gone = await cancelled(() => {})
  await gone.wait(33_000)
  assert.equal(gone.status(), 408)
  assert.equal(gone.agent.stats.transactions, 0)
})
