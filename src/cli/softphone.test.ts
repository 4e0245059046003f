// The command as a process, against a user agent of ours in this one.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { readWav, writeWav } from '../media/wav.ts'
import { createMediaEngine } from '../media/worker-engine.ts'
import type { IncomingCall, LegEvent } from '../sip/leg.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { PhoneCall, type PhoneEvent } from './softphone/phone-call.ts'

const log = pino({ level: 'silent' })
const address = '127.0.0.1'
const program = fileURLToPath(new URL('waihu.ts', import.meta.url))

function run(args: readonly string[]) {
  const child = spawn(process.execPath, [program, 'softphone', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString('utf8')))
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
  return { child, exited }
}

test('plays a file at any rate, presses keys, records, and tells the statistics', { timeout: 30_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'waihu-softphone-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const [wav, recording] = [path.join(folder, 'in.wav'), path.join(folder, 'out.wav')]
  // 0.5 s of 400 Hz at 16 kHz.
  await writeFile(wav, writeWav({ encoding: 'pcm16', sampleRateHz: 16_000 }, [Int16Array.from({ length: 8_000 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 400 * i) / 16_000))]))
  const media = stack.use(await createMediaEngine({ workers: 1, portMin: 20_000, portMax: 29_998, log }))
  const keys: string[] = []
  const bothKeys = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<PhoneCall | undefined>()
  const onEvent = (event: PhoneEvent): void => {
    if (event.type === 'digit' && keys.push(event.digit) === 2) bothKeys.resolve()
  }
  const callee = stack.use(await SipUserAgent.open({ address, port: 0, log, onCall: (call) => answered.resolve(PhoneCall.answer(call, { userAgent: callee, media, address, onEvent })) }))
  const { exited } = run([`sip:95588@${address}:${callee.port}`, '--play', wav, '--keys', '1#', '--record', recording])
  const far = stack.use((await answered.promise)!)
  await bothKeys.promise
  await far.hangUp()
  const { code, output } = await exited
  assert.equal(code, 0, output)
  assert.deepEqual(keys, ['1', '#'])
  assert.match(output, /PCMA\/8  20 ms  telephone-event\/101/)
  assert.match(output, /played \(0\.50 s\)[^]*the far end hung up[^]*sent[^]*received[^]*lost[^]*jitter/)
  assert.ok(readWav(await readFile(recording)).channels[1]!.some((sample) => sample > 6_000))
})

test('Ctrl-C while it rings cancels the call', { timeout: 30_000 }, async () => {
  await using stack = new AsyncDisposableStack()
  const ringing = Promise.withResolvers<IncomingCall>()
  const callee = stack.use(await SipUserAgent.open({ address, port: 0, log, onCall: (call) => ringing.resolve(call) }))
  const { child, exited } = run([`95588@${address}:${callee.port}`])
  const call = await ringing.promise
  const over = Promise.withResolvers<LegEvent>()
  call.listen((event) => event.type === 'failed' && over.resolve(event))
  call.progress(180)
  child.kill('SIGINT')
  const end = await over.promise
  assert.ok(end.type === 'failed' && end.local === undefined, JSON.stringify(end))
  const { code, output } = await exited
  assert.equal(code, 1)
  assert.match(output, /not answered: 487/)
})

test('what cannot be understood is one line and no call', { timeout: 30_000 }, async () => {
  const wrong = [[], ['nonsense'], ['1@127.0.0.1', '--listen', '5060'], ['1@127.0.0.1', '--seconds', 'long'], ['1@127.0.0.1', '--play', '/no/such.wav']]
  for (const { code, output } of await Promise.all(wrong.map((args) => run(args).exited))) {
    assert.equal(code, 1, output)
    assert.equal(output.trim().split('\n').length, 1, output)
  }
})
