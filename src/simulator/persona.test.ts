// Checks the persona scripts that come with the program, and what is said about one that is wrong.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { loadPersona, PersonaScript } from './persona.ts'

const names = readdirSync(new URL('personas/', import.meta.url)).map((file) => path.basename(file, '.yaml'))

const folder = mkdtempSync(path.join(tmpdir(), 'waihu-personas-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function written(yaml: string) {
  writeFileSync(path.join(folder, 'mine.yaml'), yaml)
  return () => loadPersona('mine', pathToFileURL(`${folder}/`))
}

for (const name of names) {
  test(`the persona ${name} can be read, and its words can be said`, () => {
    const persona = loadPersona(name)
    const words = [persona.greeting ?? '好', ...persona.otherwise, ...persona.replies.flatMap(({ says }) => says ?? []), ...persona.interrupts.map(({ says }) => says), ...(persona.backchannels?.words ?? [])]
    for (const text of words) assert.match(text, /[\p{L}\p{N}]/u)
    assert.match(persona.voice, /^[mf]\d$/)
  })
}

test('the first fitting reply is given, its variants in turn, the last one again and again', () => {
  const script = new PersonaScript(
    written('title: 测试\nvoice: m1\nreplies:\n  - hears: [再见]\n    hangsUp: true\n  - hears: [请问, "您是.{0,4}吗"]\n    says: [是我, 说过了]\n    presses: ["1", "2"]\notherwise: [嗯, 哦]\n')(),
  )
  assert.deepEqual(script.replyTo('请问您是张总吗'), { says: '是我', presses: '1', hangsUp: false })
  assert.deepEqual(script.replyTo('您是本人吗'), { says: '说过了', presses: '2', hangsUp: false })
  assert.deepEqual(script.replyTo('请问'), { says: '说过了', presses: '2', hangsUp: false })
  assert.deepEqual(script.replyTo('今天天气'), { says: '嗯', hangsUp: false })
  assert.deepEqual(script.replyTo(''), { says: '哦', hangsUp: false })
  assert.deepEqual(script.replyTo('请问再见'), { says: undefined, presses: undefined, hangsUp: true })
})

test('a persona with nothing to say stays silent', () => {
  const script = new PersonaScript(loadPersona('silent'))
  assert.deepEqual(script.replyTo('您好'), { says: undefined, hangsUp: false })
})

test('two calls of one persona do not share their place in the script', () => {
  const persona = loadPersona('asks-to-repeat')
  const [one, two] = [new PersonaScript(persona), new PersonaScript(persona)]
  assert.equal(one.replyTo('听清楚了吗').says, '没听清，再说一遍')
  assert.equal(two.replyTo('听清楚了吗').says, '没听清，再说一遍')
  assert.equal(one.replyTo('听清楚了吗').says, '好的，我知道了')
})

for (const [what, yaml, words] of [
  ['is no YAML', 'title: [', /mine\.yaml.*flow/is],
  ['is empty', '', /mine\.yaml/],
  ['lacks a voice', 'title: 甲\nreplies: []\notherwise: []\n', /mine\.yaml.*voice/is],
  ['has a word that nobody knows', 'title: 甲\nvoice: m1\nreplies: []\notherwise: []\nshouts: true\n', /mine\.yaml.*shouts/is],
  ['has a pattern that is none', 'title: 甲\nvoice: m1\nreplies:\n  - hears: ["("]\notherwise: []\n', /mine\.yaml.*hears/is],
  ['murmurs too often', 'title: 甲\nvoice: m1\nbackchannels: {everyMs: 10, words: [嗯]}\nreplies: []\notherwise: []\n', /mine\.yaml.*everyMs/is],
  ['presses what is no key', 'title: 甲\nvoice: m1\nreplies:\n  - {hears: [按], presses: [x]}\notherwise: []\n', /mine\.yaml.*presses/is],
] as const) {
  test(`a persona file that ${what} is named with the place`, () => {
    assert.throws(written(yaml), words)
  })
}

test('a persona that does not exist is named', () => {
  assert.throws(() => loadPersona('nobody'), /nobody\.yaml/)
})
