import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInputError, RefusedError } from '../errors.ts'
import { log } from '../log.ts'
import { createRobotMaker } from './index.ts'

const now = (): Date => new Date('2026-08-28T10:00:00+08:00')
const llm = { baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined, model: 'm' }
const noLlm = { baseUrl: undefined, apiKey: undefined, model: 'm' }
const accepted = { acceptedAt: now(), organisation: undefined }
const opened = { callId: 'c1', attempt: 1 }
const text = '通知张总明天上午9点开会'

void test('auto means a model when there is one to ask', () => {
  for (const [kind, settings, expected] of [['auto', llm, 'prompt'], ['auto', noLlm, 'rules'], ['auto', undefined, 'rules'], ['rules', llm, 'rules'], ['prompt', llm, 'prompt']] as const) {
    const maker = createRobotMaker({ kind, ...(settings && { llm: settings }), now, log })
    assert.equal(maker.open(maker.accept(text, accepted).spec, opened).kind, expected, `${kind} ${settings?.baseUrl}`)
  }
})

void test('says at once what is missing when a model is wanted and none is named', () => {
  assert.throws(() => createRobotMaker({ kind: 'prompt', llm: noLlm, now, log }), (error: unknown) => error instanceof InvalidInputError && error.field === 'ROBOT' && /LLM_BASE_URL/.test(error.message))
})

void test('plays a call by the rules when its model is gone, and a kind it does not know', () => {
  const { spec } = createRobotMaker({ kind: 'auto', llm, now, log }).accept(text, accepted)
  const without = createRobotMaker({ kind: 'rules', now, log })
  assert.equal(without.open(JSON.parse(JSON.stringify(spec)), opened).kind, 'rules')
  assert.equal(without.open({ ...(spec as object), kind: '__proto__' }, opened).kind, 'rules')
})

void test('refuses what is over and what says nothing', () => {
  const maker = createRobotMaker({ kind: 'rules', now, log })
  assert.throws(() => maker.accept('通知张总2020年5月1日开会', accepted), (error: unknown) => error instanceof RefusedError && error.code === 'expired')
  assert.throws(() => maker.accept('喂', accepted), InvalidInputError)
})
