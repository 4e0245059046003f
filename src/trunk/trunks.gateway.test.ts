// A gateway that registers to us over real UDP: it is found, called where it is, and missed when it leaves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Registrar } from '../sip/registrar.ts'
import { buildAnswer, buildOffer } from '../sip/sdp.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { parseTrunkConfig } from './trunk-config.ts'
import type { TrunkState } from './trunk-state.ts'
import { Trunks } from './trunks.ts'

const log = pino({ level: 'silent' })
const address = '127.0.0.1'
const limits = { closeMsMax: 500 }

test('a gateway registers, takes a call for the number that is dialled, and leaves', { timeout: 30_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  let trunks: Trunks | undefined
  const registrar = new Registrar({
    realm: 'waihu',
    account: (username) => {
      const password = trunks?.gatewayPassword(username)
      return password === undefined ? undefined : { user: username, password }
    },
    onEvent: ({ user }) => trunks?.gatewayChanged(user),
    log,
  })
  const userAgent = stack.use(await SipUserAgent.open({ address, port: 0, registrar, limits, log }))
  const running = stack.use(new Trunks({ userAgent, mediaAddress: address, gatewayAt: (username) => registrar.contactsOf(username), log }))
  trunks = running
  const until = (wish: (state: TrunkState) => boolean): Promise<TrunkState> =>
    new Promise((resolve) => {
      const look = (state: TrunkState) => wish(state) && resolve(state)
      running.onChange(look)
      running.states().forEach(look)
    })
  running.set([parseTrunkConfig({ name: 'goip', targets: ['registered'], gateway: { username: 'goip-1', password: 'long-enough' }, callers: [{ number: '13800000000' }], headers: { preset: 'gateway' }, numbers: { out: [{ preset: 'zero-for-other-cities', areaCode: '021' }] } })])
  assert.equal(running.state('goip')?.down, 'gateway-away')

  const heard: { to: string; rpid: string | undefined }[] = []
  const gateway = stack.use(
    await SipUserAgent.open({
      address,
      port: 0,
      limits,
      log,
      onCall: (call) => {
        heard.push({ to: call.requestUri, rpid: call.header('Remote-Party-ID')[0] })
        const answer = buildAnswer(call.offer!, { address, port: 40_002, sessionId: 2, version: 1 })
        call.answer(answer!.sdp)
      },
    }),
  )
  const strangers = await gateway.queryRegistration({ registrar: userAgent, aor: `sip:goip-1@${address}`, credentials: { username: 'goip-1', password: 'wrong' } })
  assert.ok([401, 403].includes(strangers.status), `${strangers.status}`)
  const registration = gateway.register({ registrar: userAgent, aor: `sip:goip-1@${address}`, credentials: { username: 'goip-1', password: 'long-enough' }, onState: () => {} })
  const { targets } = await until(({ up, targets }) => up && targets.some(({ alive }) => alive === true))
  assert.deepEqual(targets.map((target) => [target.address, target.status]), [[`${address}:${gateway.port}`, 200]])

  const trunk = running.get('goip')!
  const [target] = await trunk.targets()
  const story: string[] = []
  const over = Promise.withResolvers<void>()
  const call = userAgent.invite({
    target: target!,
    ...trunk.invitation('+8613900139000', '13800000000'),
    sdp: buildOffer({ address, port: 40_000, sessionId: 1, version: 1 }),
    ringMsMax: 10_000,
    onEvent(event) {
      story.push(event.type)
      if (event.type === 'answered') void call.hangUp()
      if (event.type === 'ended' || event.type === 'failed') over.resolve()
    },
  })
  await over.promise
  assert.deepEqual(story.filter((type) => type !== 'progress'), ['answered', 'ended'])
  assert.deepEqual(heard, [{ to: `sip:013900139000@${address}`, rpid: `<sip:13800000000@${address}>;party=calling;privacy=off;screen=yes` }])

  await registration.close()
  assert.equal((await until(({ up }) => !up)).down, 'gateway-away')
  assert.deepEqual(await trunk.targets(), [])
})
