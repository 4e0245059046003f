// Whatever people say, in whatever order: every conversation of the scripts that come with the project ends, once, politely, and tells strangers nothing.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { RobotRig, spokenIn } from '../rules-rig.ts'
import { normalise } from '../spoken-forms.ts'
import { scriptOf } from './read-script.ts'
import { isPrivate } from './schema.ts'
import { createScriptRobot } from './script-robot.ts'
import { utterances } from './utterances.test-data.ts'
import { acceptValues, sayValue } from './variables.ts'

const folder = new URL('../../../scripts-library/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.scenarios.yaml'))
const acceptedAt = new Date('2026-03-02T10:00:00+08:00')
/** Of every kind one that is told apart from all lines of the scripts. */
const samples = { text: '紫金阁', name: '欧阳雪', money: '7391', date: '2026-03-19 16:40', digits: '8-6-4471', phone: '13900139007', number: '47' } as const
const conversations = 100

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

for (const name of names) {
  test(`${name}: ${conversations} conversations at random end once, with a goodbye, and tell nobody but the person`, async () => {
    const script = scriptOf(readFileSync(new URL(name, folder), 'utf8'), name)
    const { values, problems } = acceptValues(script, Object.fromEntries(Object.entries(script.vars).map(([variable, { say }]) => [variable, variable === 'org' ? '蓝湾中心' : samples[say]])), acceptedAt)
    assert.deepEqual(problems, [])
    const secrets = Object.entries(values).filter(([variable]) => isPrivate(script, variable)).map(([variable, value]) => normalise(sayValue(script.vars[variable]!.say, value, { acceptedAt, now: acceptedAt }, '来')))
    assert.ok(secrets.length > 0)
    for (let seed = 1; seed <= conversations; seed += 1) {
      const random = randomFrom(seed * 7_919)
      const clock = { atMs: 0 }
      const rig = new RobotRig(createScriptRobot({ script, values, acceptedAt, now: () => new Date(acceptedAt.getTime() + clock.atMs) }))
      const talk: string[] = []
      await rig.answer(random() < 0.5 ? '喂' : '')
      const step = async (): Promise<void> => {
        const kind = random()
        const identified = (): boolean => rig.notes.some(({ identity }) => identity === 'yes')
        const before = identified()
        clock.atMs = rig.atMs
        // The person first, in half of them, so that conversations go deep.
        const said = talk.length === 0 && seed % 2 === 0 ? { text: '是我', intent: 'affirm' } : utterances[Math.floor(random() * utterances.length)]!
        talk.push(kind < 0.08 ? '（沉默）' : kind < 0.16 ? '（按键）' : said.text)
        const actions = kind < 0.08 ? await rig.silence() : kind < 0.16 ? (await rig.play(), await rig.send({ type: 'digits', digits: '0123456789*#'[Math.floor(random() * 12)]!, ended: 'pressed' })) : random() < 0.2 ? await rig.bargeIn(said.text, 4) : await rig.callee(said.text, { confidence: 0.3 + 0.7 * random() })
        const why = `${seed}: ${talk.join(' | ')} → ${spokenIn(actions)}`
        for (const action of actions) if (action.type === 'say') assert.ok(spokenIn([action]) !== '' && !/\$\{|undefined/u.test(spokenIn([action])), why)
        if (!before && !identified()) for (const secret of secrets) assert.ok(!normalise(spokenIn(actions)).includes(secret), why)
        if (kind >= 0.16 && said.intent === 'stop') assert.ok(rig.hungUp, why)
      }
      for (let turn = 0; turn < script.limits.turnsMax + 25 && !rig.hungUp; turn += 1) {
        await step()
        if (rig.actions.at(-1)?.type === 'transfer') await rig.send({ type: 'transfer', state: random() < 0.5 ? 'failed' : 'joined' })
        if (rig.outcome === 'transferred') break
      }
      assert.ok(rig.hungUp || rig.outcome === 'transferred', `${seed} never ends: ${talk.join(' | ')}`)
      if (rig.hungUp) assert.match(rig.heard, /再见。$/u, talk.join(' | '))
      assert.equal(rig.notes.filter(({ outcome }) => outcome !== undefined).length, 1, talk.join(' | '))
      assert.equal(rig.outcome === 'stopped', rig.notes.some(({ doNotCall }) => doNotCall !== undefined), talk.join(' | '))
    }
  })
}
