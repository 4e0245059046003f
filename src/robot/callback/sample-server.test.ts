// Holds a conversation between the robot and the sample server of the documentation, over HTTP.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { onRequest } from '../../../scripts/smartcall-server.ts'
import type { RobotAction, RobotEvent } from '../robot.ts'
import { createCallbackRobot } from './callback-robot.ts'
import { CallbackExchange } from './exchange.ts'
import { callbackServerDefaults } from './plan.ts'

test('the sample server leads a call, by form and by query', async (t) => {
  t.mock.method(console, 'log', () => undefined)
  const server = createServer((request, response) => void onRequest(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  using exchange = new CallbackExchange({ privateAllowed: true })
  for (const parameters of ['form', 'query'] as const) {
    const robot = createCallbackRobot({
      plan: {
        wireId: '130301340124^117079730123', server: { ...callbackServerDefaults, parameters, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }, filePrefix: '', muteMs: 10_000, recorded: false, itn: false, voice: {}, callCentres: {},
        opening: { code: '$name$', texts: { name: '您好，有您的包裹。' }, breakable: true, timeBreakMs: 0 },
      },
      exchange, now: () => 5_000, phoneOf: () => undefined,
    })
    const hear = async (event: RobotEvent): Promise<string[]> => {
      const done: RobotAction[] = []
      for await (const action of robot.handle(event, new AbortController().signal)) done.push(action)
      return done.flatMap((action) => (action.type === 'say' ? action.parts.map((part) => (part.type === 'text' ? part.text : part.type)) : action.type === 'note' ? (action.note.problem ?? []) : [action.type]))
    }
    const played = (n: number): RobotEvent => ({ type: 'played', say: `callback-${n}`, heardText: '…', cut: false })
    const says = (text: string): RobotEvent => ({ type: 'utterance', text, beginAtMs: 2_000, endAtMs: 3_000, confidence: 1, bargeIn: false })
    assert.deepEqual(await hear({ type: 'answered', atMs: 1_000, firstWords: '' }), ['set-mute-time', '您好，有您的包裹。'])
    await hear(played(1))
    assert.deepEqual(await hear({ type: 'silence', count: 1 }), ['set-mute-time', '您好，您还在吗？'])
    await hear(played(2))
    assert.deepEqual(await hear(says('取件码')), ['请按四位取件码，按井号键结束。', 'collect-digits'])
    await hear(played(3))
    assert.deepEqual(await hear({ type: 'digits', digits: '4711', ended: 'max-digits' }), ['好的，取件码是4 7 1 1，再见。', 'hang-up'])
  }
})
