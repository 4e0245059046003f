// Holds a conversation between the robot and the sample servers of the documentation, over HTTP, and has them take receipts.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { onRequest } from '../../../scripts/smartcall-server.ts'
import type { RobotAction, RobotEvent } from '../robot.ts'
import { createCallbackRobot } from './callback-robot.ts'
import { CallbackExchange } from './exchange.ts'
import { callbackServerDefaults } from './plan.ts'

async function leadsACall(url: string): Promise<void> {
  using exchange = new CallbackExchange({ privateAllowed: true })
  for (const parameters of ['form', 'query'] as const) {
    const conversation = () => {
      const robot = createCallbackRobot({
        plan: {
          wireId: '130301340124^117079730123', server: { ...callbackServerDefaults, parameters, url }, filePrefix: '', muteMs: 10_000, recorded: false, itn: false, voice: {}, callCentres: {},
          opening: { code: '$name$', texts: { name: '您好，有您的包裹。' }, breakable: true, timeBreakMs: 0 },
        },
        exchange, now: () => 5_000, phoneOf: () => undefined,
      })
      return async (event: RobotEvent): Promise<string[]> => {
        const done: RobotAction[] = []
        for await (const action of robot.handle(event, new AbortController().signal)) done.push(action)
        return done.flatMap((action) => (action.type === 'say' ? action.parts.map((part) => (part.type === 'text' ? part.text : part.type)) : action.type === 'note' ? (action.note.problem ?? []) : [action.type]))
      }
    }
    const played = (n: number): RobotEvent => ({ type: 'played', say: `callback-${n}`, heardText: '…', cut: false })
    const says = (text: string): RobotEvent => ({ type: 'utterance', text, beginAtMs: 2_000, endAtMs: 3_000, confidence: 1, bargeIn: false })
    const answered: RobotEvent = { type: 'answered', atMs: 1_000, firstWords: '' }

    const collects = conversation()
    assert.deepEqual(await collects(answered), ['set-mute-time', '您好，有您的包裹。'])
    await collects(played(1))
    assert.deepEqual(await collects({ type: 'silence', count: 1 }), ['set-mute-time', '您好，您还在吗？'])
    await collects(played(2))
    assert.deepEqual(await collects(says('取件码')), ['请按四位取件码，按井号键结束。', 'collect-digits'])
    await collects(played(3))
    assert.deepEqual(await collects({ type: 'digits', digits: '4711', ended: 'max-digits' }), ['好的，取件码是4 7 1 1，再见。', 'hang-up'])

    const gives = conversation()
    await gives(answered)
    await gives(played(1))
    assert.deepEqual(await gives(says('喂？+1 你好')), ['您说的是喂？+1 你好。包裹今天下午送到，您方便吗？'])
    await gives(played(2))
    assert.deepEqual(await gives({ type: 'silence', count: 1 }), ['set-mute-time', '您好，您还在吗？'])
    await gives(played(3))
    assert.deepEqual(await gives({ type: 'silence', count: 2 }), ['那我们稍后再联系您，再见。', 'hang-up'])

    const refuses = conversation()
    await refuses(answered)
    await refuses(played(1))
    assert.deepEqual(await refuses(says('我不用了')), ['好的，打扰了，再见。', 'hang-up'])
  }
}

async function takesReceipts(url: string): Promise<void> {
  const records = [{ call_id: '130301340124^117079730123', status_code: '200101' }, { call_id: '130301340124^117079730123', status_msg: '用户听完' }]
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(records) })
  assert.deepEqual([answer.status, ((await answer.json()) as { code: number }).code], [200, 0])
}

test('the sample server leads a call, by form and by query', async (t) => {
  t.mock.method(console, 'log', () => undefined)
  const server = createServer((request, response) => void onRequest(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  await leadsACall(url)
  await takesReceipts(url)
})

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'])
test('the sample server in Python does the same', { skip: python.status === 0 || process.env['REQUIRE_INTEROP'] === '1' ? false : 'there is no python3 (3.8 or later)' }, async (t) => {
  const child = spawn('python3', [path.join(import.meta.dirname, '../../../scripts/smartcall_server.py'), '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    child.kill()
    await once(child, 'exit')
  })
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [address] = /^http:\S+(?=\n)/.exec(said) ?? []
      if (address !== undefined) resolve(address)
    })
  })
  await leadsACall(url)
  await takesReceipts(url)
  const broken = await fetch(url, { method: 'POST', body: new URLSearchParams({ content_type: 'normal', content: '{' }) })
  assert.deepEqual([broken.status, ((await broken.json()) as { result: string }).result], [400, 'fail'])
  assert.match(said, /130301340124\^117079730123 \{.*"用户听完"\}/)
  assert.match(said, /130301340124\^117079730123 mute \{.*\} → play \{"text": "您好，您还在吗？"\}/)
})
