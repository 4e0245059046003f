// Checks what SIP and Q.850 codes mean for a call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomes, wasAnswered } from './end-reason.ts'
import { outcomeOf } from './sip-outcome.ts'

for (const [status, cause, expected] of [
  [486, undefined, 'busy'],
  [486, 17, 'busy'],
  [486, 21, 'rejected'],
  [480, undefined, 'unreachable'],
  [480, 20, 'powered-off'],
  [480, 27, 'suspended'],
  [480, 18, 'no-answer'],
  [404, 1, 'invalid-number'],
  [404, undefined, 'invalid-number'],
  [403, undefined, 'barred'],
  [403, 55, 'barred'],
  [408, undefined, 'no-answer'],
  [484, undefined, 'invalid-number'],
  [487, undefined, 'no-answer'],
  [600, undefined, 'busy'],
  [603, 21, 'rejected'],
  [603, undefined, 'rejected'],
  [607, undefined, 'carrier-blocked'],
  [608, undefined, 'carrier-blocked'],
  [503, 34, 'call-loss'],
  [503, undefined, 'line-fault'],
  [500, 41, 'line-fault'],
  [504, undefined, 'line-fault'],
  // The other side of the line, not the callee: our credentials, our offer, its routes.
  [401, undefined, 'line-fault'],
  [407, undefined, 'line-fault'],
  [488, undefined, 'line-fault'],
  [482, undefined, 'line-fault'],
  [606, undefined, 'line-fault'],
  // Sent elsewhere: we do not follow.
  [302, undefined, 'forwarded'],
  [301, undefined, 'forwarded'],
  [300, undefined, 'line-fault'],
  // What we know nothing about.
  [499, undefined, 'unknown'],
  [699, undefined, 'unknown'],
  // A cause that says nothing more than the status, or does not belong to it.
  [486, 127, 'busy'],
  [404, 16, 'invalid-number'],
  [302, 17, 'forwarded'],
] as const) {
  test(`${status}${cause === undefined ? '' : ` with cause ${cause}`} is ${expected}`, () => assert.equal(outcomeOf(status, cause), expected))
}

test('no code of a call that was not answered means that it was', () => {
  for (let status = 300; status < 700; status += 1) {
    for (let cause = 0; cause < 128; cause += 1) {
      const outcome = outcomeOf(status, cause)
      assert.ok(outcomes.includes(outcome) && !wasAnswered(outcome), `${status} ${cause}`)
    }
  }
})
