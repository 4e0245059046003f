import assert from 'node:assert/strict'
import { test } from 'node:test'
import { downReason, type TrunkFacts } from './trunk-state.ts'

const fine: TrunkFacts = { enabled: true, registration: undefined, gateway: undefined, hasFixedTargets: true, resolved: true, targets: [{ alive: true }] }

test('a trunk is up until something is known to keep calls away', () => {
  const table: [Partial<TrunkFacts>, string | undefined][] = [
    [{}, undefined],
    [{ resolved: false, targets: [] }, undefined],
    [{ targets: [{ alive: undefined }, { alive: false }] }, undefined],
    [{ targets: [{ alive: false }, { alive: true }] }, undefined],
    [{ targets: [{ alive: false, lastAnswerMs: 1 }, { alive: false }] }, 'no-answer'],
    [{ targets: [{ alive: false, lastMiss: 'unreachable' }] }, 'no-answer'],
    // A carrier that never answered OPTIONS may just not do it.
    [{ targets: [{ alive: false, lastMiss: 'silent' }, { alive: false, lastMiss: 'silent' }] }, undefined],
    [{ targets: [] }, 'no-address'],
    [{ enabled: false, targets: [] }, 'disabled'],
    [{ registration: { kind: 'registering' } }, 'not-registered'],
    [{ registration: { kind: 'failed', status: 403, sinceMs: 0, retryAtMs: 1 } }, 'not-registered'],
    [{ registration: { kind: 'registered', registrar: 'a', sinceMs: 0, untilMs: 1 } }, undefined],
    [{ gateway: { registered: false }, hasFixedTargets: false, targets: [] }, 'gateway-away'],
    [{ gateway: { registered: true }, hasFixedTargets: false, resolved: false, targets: [] }, undefined],
    [{ gateway: { registered: false }, targets: [{ alive: true }] }, undefined],
  ]
  for (const [parts, reason] of table) assert.equal(downReason({ ...fine, ...parts }), reason, JSON.stringify(parts))
})
