// Knows which words of a requirement a recogniser should favour. Does not know recognisers.
import type { Requirement } from './requirement.ts'

export const hotWordsMax = 50
const segmenter = new Intl.Segmenter('zh', { granularity: 'word' })
const common = /^(?:您的|请您|可以|已经|通知|我们|您们|今天|明天|上午|下午|晚上|需要|如果|或者|以及|这个|那个)$/u

/** Names first, then the words of the facts, at most 50, each 2 to 12 characters. */
export function hotWordsOf(requirement: Requirement): string[] {
  const words = new Set<string>()
  const { person } = requirement
  const people = person?.oneOf ?? (person ? [person] : [])
  for (const name of [...people.flatMap(({ display, name }) => [display, name]), requirement.organisation ?? '']) if (name.length >= 2) words.add(name)
  for (const { text } of [...requirement.facts, ...requirement.questions]) {
    for (const { segment, isWordLike } of segmenter.segment(text)) if (isWordLike && segment.length >= 2 && segment.length <= 12 && !common.test(segment) && !/^\d+$/u.test(segment)) words.add(segment)
  }
  return [...words].slice(0, hotWordsMax)
}
