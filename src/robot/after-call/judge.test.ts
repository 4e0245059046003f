import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { compileRequirement } from '../requirement.ts'
import type { ConversationOutcome } from '../robot.ts'
import { judge } from './judge.ts'
import type { Judgement, SpokenTurn } from './judgement.ts'

type Transcript = { name: string; requirement: string; outcome: ConversationOutcome; turns: string[]; noted?: Record<string, string>; sure?: Record<string, string>; stop?: boolean }
const transcripts = parse(readFileSync(new URL('transcripts.yaml', import.meta.url), 'utf8')) as Record<'contradicted' | 'plain' | 'unsure', Transcript[]>

const acceptedAt = new Date('2026-08-28T10:00:00+08:00')
const now = new Date('2026-08-28T15:00:00+08:00')

function turnsOf(lines: readonly string[]): SpokenTurn[] {
  return lines.map((line, i) => {
    const [, who, confidence, text] = /^([RC])([\d.]*) (.*)$/su.exec(line)!
    return { turn: i + 1, speaker: who === 'R' ? 'robot' : 'callee', text: text!, cut: false, confidence: confidence === '' ? 0.9 : Number(confidence) }
  })
}

function judged({ requirement, outcome, turns, noted }: Transcript): Judgement {
  const compiled = compileRequirement(requirement, { acceptedAt })
  return judge({ requirement: compiled, turns: turnsOf(turns), notes: [{ identity: 'yes' }, ...(noted ? [{ slots: noted }] : []), { outcome }], outcome, answered: true, now })
}

/** Every answer is proven by turns of the callee that hold its words. */
function assertProven(judgement: Judgement, turns: readonly SpokenTurn[]): void {
  for (const answer of judgement.answers) {
    if (answer.value === undefined) {
      assert.ok(!answer.sure && answer.turns.length === 0)
      continue
    }
    assert.ok(answer.turns.length > 0, `${answer.question} = ${answer.value} without proof`)
    for (const id of answer.turns) {
      const turn = turns.find((one) => one.turn === id)!
      assert.equal(turn.speaker, 'callee')
      assert.ok(answer.words.includes(turn.text))
    }
  }
  for (const { turns: ids } of judgement.review) assert.ok(ids.length > 0 && ids.every((id) => turns.some((one) => one.turn === id)))
}

void test('there are forty transcripts with a contradiction in them', () => {
  assert.ok(transcripts.contradicted.length >= 40, `${transcripts.contradicted.length}`)
})

for (const transcript of transcripts.contradicted) {
  void test(`is not sure of anything, and asks for a human, when the callee ${transcript.name}`, () => {
    const judgement = judged(transcript)
    const about = JSON.stringify(judgement, undefined, 1)
    const sure = judgement.answers.filter((answer) => answer.sure).map(({ id, value }) => [id, value])
    assert.deepEqual(Object.fromEntries(sure), transcript.sure ?? {}, about)
    assert.ok(judgement.review.length > 0, about)
    assert.match(judgement.summary ?? '', /请人工核对/)
    assert.equal(judgement.doNotCall !== undefined, transcript.stop === true, about)
    assertProven(judgement, turnsOf(transcript.turns))
  })
}

for (const transcript of transcripts.plain) {
  void test(`is sure, with proof, of: ${transcript.name}`, () => {
    const judgement = judged(transcript)
    const about = JSON.stringify(judgement, undefined, 1)
    for (const [id, value] of Object.entries(transcript.sure ?? {})) {
      const answer = judgement.answers.find((one) => one.id === id)
      assert.ok(answer?.sure, about)
      assert.equal(answer.value, value, about)
    }
    assert.deepEqual(judgement.review, [], about)
    assert.equal(judgement.doNotCall !== undefined, transcript.stop === true, about)
    assertProven(judgement, turnsOf(transcript.turns))
  })
}

for (const transcript of transcripts.unsure) {
  void test(`claims no answer to be sure: ${transcript.name}`, () => {
    const judgement = judged(transcript)
    assert.ok(judgement.answers.every(({ sure }) => !sure), JSON.stringify(judgement, undefined, 1))
    assertProven(judgement, turnsOf(transcript.turns))
  })
}
