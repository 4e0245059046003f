import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../media/seeded-random.ts'
import { chooseTrunk, countAttempt, cpsWindowMs, type Candidate, type Choice, type TrunkTerms } from './trunk-choice.ts'

const now = 1_000_000

const candidate = (name: string, terms: Partial<TrunkTerms> = {}, more: Partial<Omit<Candidate, 'terms' | 'load'>> & Partial<Candidate['load']> = {}): Candidate => {
  const { running = 0, started = 0, callers = new Map<string, { running: number; lastUsedMs: number }>(), up = true, backingOffUntilMs, suspect = false } = more
  return {
    terms: { name, version: 1, callers: [{ number: `${name}1` }], concurrencyMax: 10, cps: 10, priority: 10, weight: 1, ringMsMax: 60_000, ...terms },
    load: { running, started, callers },
    up,
    backingOffUntilMs,
    suspect,
  }
}
const choose = (candidates: Candidate[], more: Partial<Parameters<typeof chooseTrunk>[0]> = {}) => chooseTrunk({ candidates, nowMs: now, dice: 0, ...more })
const named = (choice: Choice): string => ('trunk' in choice ? `${choice.trunk.name} ${choice.callerId}` : choice.blocked.why)

test('the lowest priority is used until it can take no more, then the next', () => {
  const [first, second] = [candidate('a', { priority: 1, concurrencyMax: 2 }), candidate('b', { priority: 2 })]
  const taken: string[] = []
  for (let i = 0; i < 3; i += 1) {
    const choice = choose([second, first])
    taken.push(named(choice))
    if ('trunk' in choice) countAttempt([first, second], choice, now)
  }
  assert.deepEqual(taken, ['a a1', 'a a1', 'b b1'])
})

test('equals share by weight, and weight 0 is used when nothing else is free', () => {
  const candidates = [candidate('a', { weight: 3 }), candidate('b', { weight: 1 }), candidate('c', { weight: 0 })]
  const random = seededRandom(7)
  const counts: Record<string, number> = {}
  for (let i = 0; i < 4_000; i += 1) {
    const name = named(choose(candidates, { dice: random() }))
    counts[name] = (counts[name] ?? 0) + 1
  }
  assert.ok(Math.abs(counts['a a1']! - 3_000) < 150, JSON.stringify(counts))
  assert.equal(counts['c c1'], undefined)
  candidates[0]!.up = candidates[1]!.up = false
  assert.equal(named(choose(candidates, { dice: 0.99 })), 'c c1')
})

test('a suspect comes after everything else, whatever its priority, and is used when it is alone', () => {
  const suspect = candidate('a', { priority: 0 }, { suspect: true })
  assert.equal(named(choose([suspect, candidate('b')])), 'b b1')
  assert.equal(named(choose([suspect, candidate('b', {}, { up: false })])), 'a a1')
})

test('each limit blocks and says so; of several the most hopeful one is told', () => {
  const down = candidate('down', {}, { up: false })
  const backing = candidate('backing', {}, { backingOffUntilMs: now + 5_000 })
  const full = candidate('full', {}, { running: 10 })
  const pace = candidate('pace', {}, { started: 10 })
  const callers = candidate('callers', { callers: [{ number: 'x', concurrencyMax: 1 }] }, { callers: new Map([['x', { running: 1, lastUsedMs: 0 }]]) })
  assert.equal(named(choose([])), 'none')
  for (const [list, why] of [
    [[down], 'down'],
    [[down, backing], 'backing-off'],
    [[full, down, backing], 'full'],
    [[callers, full], 'callers-full'],
    [[callers, pace, full], 'pace'],
  ] as const) assert.equal(named(choose([...list])), why)
  assert.deepEqual(choose([backing, candidate('later', {}, { backingOffUntilMs: now + 9_000 })]), { blocked: { why: 'backing-off', untilMs: now + 5_000 } })
  assert.equal(named(choose([candidate('over', {}, { backingOffUntilMs: now })])), 'over over1')
})

test('calls per second below one allow one start in a longer window', () => {
  assert.equal(cpsWindowMs(0.5), 2_000)
  assert.equal(cpsWindowMs(10), 1_000)
  assert.equal(named(choose([candidate('a', { cps: 0.5 })])), 'a a1')
  assert.equal(named(choose([candidate('a', { cps: 0.5 }, { started: 1 })])), 'pace')
  assert.equal(named(choose([candidate('a', { cps: 2.5 }, { started: 1 })])), 'a a1')
  assert.equal(named(choose([candidate('a', { cps: 2.5 }, { started: 2 })])), 'pace')
})

test('numbers take turns, never shown ones first, and the full ones are passed over', () => {
  const callers = new Map([['1', { running: 0, lastUsedMs: 30 }], ['2', { running: 0, lastUsedMs: 10 }], ['3', { running: 5, lastUsedMs: 1 }]])
  const pool = candidate('a', { callers: [{ number: '1' }, { number: '2' }, { number: '3', concurrencyMax: 5 }, { number: '4' }], concurrencyMax: 100, cps: 100 }, { callers })
  const shown: string[] = []
  for (let i = 0; i < 5; i += 1) {
    const choice = choose([pool])
    assert.ok('trunk' in choice)
    shown.push(choice.callerId)
    countAttempt([pool], choice, now)
  }
  assert.deepEqual(shown.slice(0, 3), ['4', '2', '1'])
  assert.equal(new Set(shown.slice(3)).size, 2, 'within one moment they are spread')
})

test('a wish is met or refused, never bent', () => {
  const list = [candidate('a', { priority: 1, callers: [{ number: '1' }, { number: '2' }] }), candidate('b', { callers: [{ number: '3' }] })]
  assert.equal(named(choose(list, { wish: { trunk: 'b' } })), 'b 3')
  assert.equal(named(choose(list, { wish: { caller: '3' } })), 'b 3')
  assert.equal(named(choose(list, { wish: { caller: '2' } })), 'a 2')
  assert.equal(named(choose(list, { wish: { trunk: 'b', caller: '2' } })), 'no-such-caller')
  assert.equal(named(choose(list, { wish: { trunk: 'c' } })), 'no-such-trunk')
  list[1]!.up = false
  assert.equal(named(choose(list, { wish: { trunk: 'b' } })), 'down')
  assert.equal(named(choose(list, { wish: { caller: '3' } })), 'down')
  assert.equal(named(choose(list, { except: new Set(['a']) })), 'down')
  assert.equal(named(choose(list, { except: new Set(['a', 'b']) })), 'none')
})

test('over random trunks, loads and wishes no limit is ever passed, and nothing is refused that could be dialled', () => {
  const random = seededRandom(20_261_121)
  const below = (n: number): number => Math.floor(random() * n)
  for (let round = 0; round < 2_000; round += 1) {
    const candidates = Array.from({ length: 1 + below(4) }, (_, at) =>
      candidate(
        `t${at}`,
        { concurrencyMax: 1 + below(6), cps: [0.2, 1, 3, 20][below(4)]!, priority: below(3), weight: below(3), callers: Array.from({ length: 1 + below(3) }, (_unused, index) => ({ number: `${at}${index}`, ...(random() < 0.5 && { concurrencyMax: 1 + below(2) }) })) },
        { up: random() < 0.8, suspect: random() < 0.2, ...(random() < 0.2 && { backingOffUntilMs: now + below(3) - 1 }) },
      ),
    )
    const wish = { ...(random() < 0.2 && { trunk: `t${below(5)}` }), ...(random() < 0.2 && { caller: `${below(4)}${below(3)}` }) }
    for (;;) {
      const choice = choose(candidates, { wish, dice: random() })
      const usable = candidates.filter(({ terms, load, up, backingOffUntilMs }) => {
        const numbers = terms.callers.filter(({ number, concurrencyMax = Infinity }) => (wish.caller === undefined || wish.caller === number) && (load.callers.get(number)?.running ?? 0) < concurrencyMax)
        return (wish.trunk === undefined || wish.trunk === terms.name) && up && !(backingOffUntilMs! > now) && load.running < terms.concurrencyMax && load.started < Math.max(1, Math.floor(terms.cps)) && numbers.length > 0
      })
      if ('blocked' in choice) {
        assert.deepEqual(usable.map(({ terms }) => terms.name), [], `round ${round}: ${choice.blocked.why}`)
        break
      }
      const chosen = usable.find(({ terms }) => terms.name === choice.trunk.name)
      assert.ok(chosen, `round ${round}`)
      assert.ok(usable.every((other) => Number(other.suspect) > Number(chosen.suspect) || (other.suspect === chosen.suspect && other.terms.priority >= chosen.terms.priority)))
      countAttempt(candidates, choice, now)
    }
  }
})
