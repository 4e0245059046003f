// Checks the end of turns on spoken calls: voices, an A-law line, noise, pauses. A small version of bench/end-pointing.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recogniserPhrases } from '../robot/intents.ts'
import { HearingRig, ImmediateAsr } from './hearing-rig.ts'
import { scriptedCalls } from './scripted-turns.test-data.ts'
import { createEspeak } from './tts/espeak/provider.ts'

const CALLS = 4

void test('callees who pause within numbers, clauses and for words are heard to their end, and finished answers are taken soon', { timeout: 120_000 }, async (t) => {
  await using tts = createEspeak({ children: 1 })
  try {
    await tts.warmUp()
  } catch (error) {
    if (process.env['REQUIRE_INTEROP'] === '1') throw error
    t.skip(String(error))
    return
  }
  const rig = new HearingRig(tts, new ImmediateAsr(), recogniserPhrases)
  const calls = []
  for (const call of scriptedCalls(CALLS, 7)) calls.push(await rig.hear(call))
  const turns = calls.flatMap((call) => call.turns)
  const answers = turns.filter(({ turn }) => turn.pieces.length === 1)
  const paused = turns.filter(({ turn }) => turn.pieces.length > 1)
  assert.ok(answers.length >= 12 && paused.length >= 12)
  const cutIns = paused.filter(({ cutIn }) => cutIn).map(({ turn, texts }) => `${turn.kind}: ${texts.join(' | ')}`)
  // The bench holds five in a hundred; of sixteen one may be one of them.
  assert.ok(cutIns.length <= 1, cutIns.join('\n'))
  for (const { delayMs, turn, texts } of answers) assert.ok(delayMs >= 240 && delayMs <= 1_000, `${turn.pieces[0]!.text} heard as ${texts.join(' | ')}: ${delayMs} ms`)
  const mean = answers.reduce((sum, { delayMs }) => sum + delayMs, 0) / answers.length
  assert.ok(mean <= 450, `finished answers are taken after ${mean} ms on average`)
  for (const { greetingDelayMs } of calls) assert.ok(greetingDelayMs <= 420, `a greeting is taken after ${greetingDelayMs} ms`)
})
