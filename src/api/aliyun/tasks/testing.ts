// Knows how tests of robot tasks get the whole way from a client's request to calls that end as scripted. Not for the program itself.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { AccessKeys } from '../../../account/access-keys.ts'
import { AccountDesk } from '../../../account/account-desk.ts'
import { updateSettings } from '../../../account/accounts.ts'
import { ApiKeys } from '../../../account/api-keys.ts'
import { NonceBook } from '../../../account/nonce-book.ts'
import { TtsTemplates } from '../../../account/tts-templates.ts'
import { voiceFileName } from '../../../account/voice-files.ts'
import { StoredScripts } from '../../../dialer/script-desk.ts'
import { publishLibrary } from '../../../dialer/script-library.ts'
import { ScriptShelf } from '../../../dialer/script-shelf.ts'
import { DialerTaskDesk } from '../../../dialer/tasks/dialer-task-desk.ts'
import { RobotTasks } from '../../../dialer/tasks/robot-tasks.ts'
import { ScriptsOfTasks } from '../../../dialer/tasks/scripts-of-tasks.ts'
import { taskDefaults } from '../../../dialer/tasks/task-settings.ts'
import { dialerWorld, isBusy, realLine, type Script, type ScriptedCall } from '../../../dialer/testing.ts'
import { NotFoundError } from '../../../errors.ts'
import { createRobotMaker } from '../../../robot/index.ts'
import type { RobotEvent } from '../../../robot/robot.ts'
import { SecretBox } from '../../../secret-box.ts'
import { buildServer } from '../../server.ts'

/** Ten in the morning of a working day in China. */
export const morningMs = Date.parse('2026-11-20T10:00:00+08:00')
export const company = '阳光物业'
/** The number that the trunk of the test shows. */
export const shown = '02160001000'

/** The robot that the dialer made leads the conversation: what it says is what was stored for this very number. */
export const talksByScript = (recordings: string): Script => async (call) => {
  call.ring()
  call.answer()
  const atMs = morningMs + 5_000
  await react(call, { type: 'answered', atMs, firstWords: '' }, atMs)
  for (const [i, text] of ['是我', '听清楚了'].entries()) {
    const beginAtMs = atMs + 4_000 * (i + 1)
    call.emit({ type: 'callee-said', turn: 2 * i + 2, text, beginAtMs, endAtMs: beginAtMs + 800, confidence: 1, bargeIn: false })
    await react(call, { type: 'utterance', text, beginAtMs, endAtMs: beginAtMs + 800, confidence: 1, bargeIn: false }, beginAtMs + 1_000)
  }
  const recording = path.join(recordings, `${call.request.id}.wav`)
  await writeFile(recording, 'RIFF')
  return { talkMs: 12_300, conversation: 'confirmed', recording }
}

async function react(call: ScriptedCall, event: RobotEvent, saidAtMs: number): Promise<void> {
  for await (const action of call.request.robot.handle(event, new AbortController().signal)) {
    if (action.type === 'note') call.note(action.note)
    if (action.type !== 'say') continue
    const text = action.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    call.emit({ type: 'robot-said', turn: 1, text, cut: false, beginAtMs: saidAtMs, endAtMs: saidAtMs + 900 })
    for await (const more of call.request.robot.handle({ type: 'played', say: action.id, heardText: text, cut: false }, new AbortController().signal)) if (more.type === 'note') call.note(more.note)
  }
}

export { isBusy }

/** A server with one account, its keys, the scripts of the library and a line that reaches people. Leases outlast a machine that is busy: nobody dies here. */
export async function robotWorld() {
  const stack = new AsyncDisposableStack()
  const recordings = await mkdtemp(path.join(tmpdir(), 'waihu-recordings-'))
  stack.defer(() => rm(recordings, { recursive: true }))
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })
  const held: { shelf?: ScriptShelf } = {}
  const robots = createRobotMaker({ kind: 'rules', log, scripts: { bodies: { prepare: async (ref) => await held.shelf!.prepare(ref), at: (ref) => held.shelf!.at(ref) }, soundName: voiceFileName } })
  const dialer = stack.use(await dialerWorld({ script: talksByScript(recordings), lines: [realLine], creditLi: 10_000_000, robots, terms: { concurrencyMax: 20 }, settings: { leaseMs: 60_000, tasks: { ...taskDefaults, pollMs: 20, idlePollMs: 50 } }, started: false }))
  dialer.clock.nowMs = morningMs
  const { db, accountId, service } = dialer
  held.shelf = new ScriptShelf(db)
  const scripts = new StoredScripts(db, held.shelf, { now: () => new Date(dialer.clock.nowMs) })
  await publishLibrary(db)
  await updateSettings(db.sql, accountId, { organisation: company })
  await service.start()
  const now = (): number => dialer.clock.nowMs
  const desk = new DialerTaskDesk({ db, scripts: new ScriptsOfTasks(db, scripts), lines: [realLine], trunks: service.trunks, settings: service.settings, now })
  const keys = new AccessKeys(db, new SecretBox(Buffer.alloc(32, 7)))
  const app = await buildServer({
    calls: service,
    accounts: new AccountDesk(db, new ApiKeys(db), { privateAllowed: false }),
    aliyun: { keys, nonces: new NonceBook(db), templates: new TtsTemplates(db), sounds: { read: async (name) => Promise.reject(new NotFoundError('sound', name)) }, robotTasks: new RobotTasks({ db, tasks: desk, scripts, now }) },
    recordings: { dir: recordings, linkSecret: 'secret' },
    log,
    health: { database: () => ({ ok: true }), carrier: () => ({ ok: true }), speech: () => ({ ok: true }) },
    metrics: new Registry(),
  })
  stack.defer(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const key = await keys.create(accountId)
  const robot = (await scripts.find(accountId, 'notice')).number
  return { dialer, desk, scripts, keys, key, base, robot, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
