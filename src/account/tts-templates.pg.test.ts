import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../db/testing.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { createAccount } from './accounts.ts'
import { fillTemplate, TtsTemplates } from './tts-templates.ts'

const wrongAt = (field: string) => (error: unknown) => error instanceof InvalidInputError && error.field === field

test('variables are filled in, and each way that they cannot be has its name', () => {
  assert.equal(fillTemplate('您好${name}，验证码${code}，${name}。', { name: '张总', code: '1234', other: '@' }), '您好张总，验证码1234，张总。')
  assert.equal(fillTemplate('共$5，${不是变量}', {}), '共$5，${不是变量}')
  assert.throws(() => fillTemplate('${a}', {}), wrongAt('template-missing'))
  assert.throws(() => fillTemplate('${a}', { a: ' ' }), wrongAt('template-missing'))
  assert.throws(() => fillTemplate('${toString}', {}), wrongAt('template-missing'))
  assert.throws(() => fillTemplate('${a}', { a: '长'.repeat(101) }), wrongAt('template-length'))
  assert.throws(() => fillTemplate('${a}', { a: 'HTTP://x' }), wrongAt('template-url'))
  for (const char of ['@', '=', ':', '"', '$', '{', '}', '^', '*', '¥', '\n', '\0', '\ud800']) assert.throws(() => fillTemplate('${a}', { a: `x${char}` }), wrongAt('template-value'), char)
  // What is put in is not read again.
  assert.equal(fillTemplate('${a}', { a: '$&' .replace('$', '＄') }), '＄&')
})

test('a template is kept for its account, replaced, listed and removed; only approved ones are spoken', async () => {
  await using database = await testDatabase()
  const { db } = database
  const [one, two] = [await createAccount(db, { name: 'one' }), await createAccount(db, { name: 'two' })]
  const templates = new TtsTemplates(db)
  await templates.put(one.id, { code: 'TTS_1', text: ' 您好${name} ', name: '问候' })
  assert.deepEqual(await templates.fill(one.id, 'TTS_1', { name: '李总' }), { text: '您好李总', saysSynthetic: false })
  await assert.rejects(templates.fill(two.id, 'TTS_1', { name: '李总' }), wrongAt('template-code'))
  await templates.put(one.id, { code: 'TTS_1', text: '本次为人工智能合成语音，您好', state: 'pending' })
  await assert.rejects(templates.fill(one.id, 'TTS_1', {}), wrongAt('template-code'))
  await templates.put(one.id, { code: 'TTS_1', text: '本次为人工智能合成语音，您好' })
  assert.deepEqual(await templates.fill(one.id, 'TTS_1', {}), { text: '本次为人工智能合成语音，您好', saysSynthetic: true })
  assert.deepEqual((await templates.list(one.id)).map(({ code, state }) => [code, state]), [['TTS_1', 'approved']])
  await assert.rejects(templates.remove(two.id, 'TTS_1'), NotFoundError)
  await templates.remove(one.id, 'TTS_1')
  assert.deepEqual(await templates.list(one.id), [])
  for (const [change, field] of [[{ code: 'X' }, 'code'], [{ text: '  ' }, 'text'], [{ text: '长'.repeat(1_001) }, 'text'], [{ text: 'a\nb' }, 'text'], [{ name: 'x'.repeat(101) }, 'name']] as const) {
    await assert.rejects(templates.put(one.id, { code: 'TTS_1', text: '好', ...change }), wrongAt(field))
  }
  await assert.rejects(templates.put('acc_none', { code: 'TTS_1', text: '好' }), NotFoundError)
})
