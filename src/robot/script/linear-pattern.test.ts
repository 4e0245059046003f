import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearPattern } from './linear-pattern.ts'

const patterns = ['a', 'a|b', '^a', 'a$', '^$', 'a*', 'a+b', '(?:ab)+c', '[ab]{2,3}', '[^a]b', 'a?b?c', '(a|ab)(c|bcd)(d*)', '.{0,3}b', '\\d+', '[\\d一二]{1,2}(?:点|分)', 'x{2}', '(?:(?:a|b)*c){1,2}$', '\\p{L}\\d', '^(?:我|给)*(?:9|十)(?:分|$)', 'a{0,2}b', '\\.', '[-.]a']
const alphabet = ['a', 'b', 'c', 'd', 'x', '1', '9', '一', '点', '分', '我', '给', '十', '.', '-']

test('finds where the language finds, from the same place', () => {
  let seed = 7
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below
  for (const source of patterns) {
    const linear = linearPattern(source)
    const usual = new RegExp(source, 'u')
    for (let nth = 0; nth < 300; nth += 1) {
      const text = Array.from({ length: random(9) }, () => alphabet[random(alphabet.length)]!).join('')
      const [found, expected] = [linear.find(text), usual.exec(text)]
      assert.equal(found === undefined, expected === null, `${source} in ${text}`)
      // The longest from there: the first way that fits may be shorter.
      if (expected) assert.ok(text.slice(expected.index).startsWith(found!) && found!.length >= expected[0].length, `${source} in ${text}: ${found} ${expected[0]}`)
    }
  }
})

test('takes no longer for a pattern that was made to take for ever', () => {
  const text = `${'嗯'.repeat(299)}b`
  for (const source of ['(嗯+)+$', '(?:嗯|嗯)*$', '(?:嗯?){50}嗯{50}$', '(?:.*嗯){20}c', '(?:(?:嗯*)*)*c']) {
    const startedMs = performance.now()
    linearPattern(source).find(text)
    assert.ok(performance.now() - startedMs < 2_000, source)
  }
})

test('refuses what it does not know, and what is no pattern', () => {
  for (const source of ['a(', 'a)', '[a', '*a', 'a**', '(?=a)', '(?<!a)b', '(?<n>a)', '(a)\\1', '\\bа', 'a{3,2}', 'a{51}', '(?:(?:a{50}){50}){50}', '\\', '\\p{Nonsense}', 'a'.repeat(301), '^*', ']', '}']) assert.throws(() => linearPattern(source), SyntaxError, source)
})
