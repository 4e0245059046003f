import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mulberry } from './chance.test-data.ts'
import { abandonedShare, answerRateOf, callsForPeople } from './people-pacing.ts'

const facts = { people: 10, abandonedShareMax: 0.03, talking: 0, started: 0, answerRate: 0.3 }

void test('more calls ring than people are free when few are answered, and none when nobody is free', () => {
  assert.ok(callsForPeople(facts) > 10 && callsForPeople(facts) < 34)
  assert.equal(callsForPeople({ ...facts, answerRate: 1 }), 10)
  assert.equal(callsForPeople({ ...facts, talking: 10 }), 0)
  assert.equal(callsForPeople({ ...facts, talking: 12 }), 0)
  assert.equal(callsForPeople({ ...facts, abandonedShareMax: 0 }), 10)
  assert.equal(callsForPeople({ ...facts, started: 40 }), 0)
  assert.equal(callsForPeople({ ...facts, answerRate: 0.0001 }), 50)
  // Many people: chances too small for a number are none the less counted.
  const many = callsForPeople({ ...facts, people: 200, answerRate: 0.9 })
  assert.ok(many >= 220 && many < 240, String(many))
  assert.ok(callsForPeople({ ...facts, answerRate: 0.1 }) > callsForPeople({ ...facts, answerRate: 0.5 }))
})

void test('the expected share is that of many throws of the dice', () => {
  const chance = mulberry(9)
  for (const [calls, free, rate] of [[20, 5, 0.3], [40, 10, 0.25], [12, 10, 0.9]] as const) {
    let answered = 0
    let beyond = 0
    for (let run = 0; run < 20_000; run += 1) {
      let answers = 0
      for (let nth = 0; nth < calls; nth += 1) if (chance() < rate) answers += 1
      answered += answers
      beyond += Math.max(0, answers - free)
    }
    assert.ok(Math.abs(abandonedShare(calls, free, rate) - beyond / answered) < 0.01)
  }
})

void test('over an hour of calls the share that finds nobody stays within the limit, and people are not idle for long', () => {
  for (const rate of [0.2, 0.5]) {
    const chance = mulberry(Math.round(rate * 100))
    const p = { people: 8, abandonedShareMax: 0.05 }
    // Second by second: a call rings for 15 s and is answered or not; who is answered talks for 60 s.
    let ringing: number[] = []
    let talking: number[] = []
    const recent: string[] = []
    let [answered, abandoned, busySeconds] = [0, 0, 0]
    for (let second = 0; second < 3_600; second += 1) {
      talking = talking.map((left) => left - 1).filter((left) => left > 0)
      const due = ringing.filter((left) => left <= 1).length
      ringing = ringing.map((left) => left - 1).filter((left) => left > 0)
      for (let nth = 0; nth < due; nth += 1) {
        const isAnswered = chance() < rate
        recent.push(isAnswered ? 'answered' : 'no-answer')
        if (!isAnswered) continue
        answered += 1
        if (talking.length >= p.people) abandoned += 1
        else talking.push(60)
      }
      busySeconds += talking.length
      const starts = callsForPeople({ ...p, talking: talking.length, started: ringing.length, answerRate: answerRateOf(recent.slice(-100)) })
      for (let nth = 0; nth < starts; nth += 1) ringing.push(15)
    }
    assert.ok(abandoned / answered <= 0.05, `${abandoned} of ${answered} found nobody`)
    assert.ok(busySeconds / (3_600 * p.people) > 0.6, `busy ${busySeconds / (3_600 * p.people)}`)
  }
})
