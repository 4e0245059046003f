// Knows which sentences would tell a stranger what the call is about. Does not know who writes the sentences: rules or a model.
import { digitsForm } from './china-time.ts'
import { linesBeforeIdentity } from './lines.ts'
import { type Fact, type Question, type Requirement, speak } from './requirement.ts'

export type Identity = 'yes' | 'no' | 'third-party' | 'unknown'

/** Pairs of characters that say nothing about any matter. */
const plainPairs = new Set('您的 请您 您好 好的 请问 问您 是的 我是 不是 一下 这个 那个 可以 什么 时候 现在 没有 知道 谢谢 再见 您是 一个 打扰 稍等 明白 抱歉 好意 意思 方便 电话 本人 联系 是否 能不 不能 有没 为您 给您 和您 跟您 对您 告诉 诉您 通知 知您 提醒 醒您 我们 委托'.split(' '))
const plainWords = new Set('the that this you your please with for and are will can was have has is it to of in on at a an i we my me be by or not yes no hello thank thanks sorry call'.split(' '))

const pairsCache = new WeakMap<Requirement, ReadonlySet<string>>()

/**
 * True when the sentence holds any piece of the requirement beyond the person and the organisation: the pure check behind
 * "facts only after identity = yes". A piece is two neighbouring characters, or an English word or number of the content,
 * in any way of writing numbers (3号, 三号) and dates (as written, and as spoken on the days around the call).
 * Errs on the side of true: a harmless sentence that shares a rare pair is held back.
 */
export function mayContainFacts(sentence: string, requirement: Requirement): boolean {
  return factPieces(sentence, requirement).length > 0
}

/** The pieces that give the sentence away, for logs and tests. */
export function factPieces(sentence: string, requirement: Requirement): string[] {
  let pieces = pairsCache.get(requirement)
  if (!pieces) {
    pieces = contentPieces(requirement)
    pairsCache.set(requirement, pieces)
  }
  return [...piecesOf(sentence)].filter((piece) => pieces.has(piece))
}

/** The one question to ask before anything is spoken. */
export function maySpeak(sentence: string, requirement: Requirement, identity: Identity): boolean {
  return identity === 'yes' || !mayContainFacts(sentence, requirement)
}

function contentPieces(requirement: Requirement): ReadonlySet<string> {
  const items: readonly Pick<Fact | Question, 'text' | 'dates'>[] = [...requirement.facts, ...requirement.questions, ...requirement.knowledge]
  const texts = items.flatMap((item) => [item.text, ...spokenDays(item).map((now) => speak(item, now))])
  texts.push(...requirement.keys.map(({ meaning }) => meaning))
  const pieces = new Set(texts.flatMap((text) => [...piecesOf(text)]))
  const free = [requirement.person?.display ?? '', requirement.person?.name ?? '', requirement.organisation ?? '', ...linesBeforeIdentity(requirement)]
  for (const text of free) for (const piece of piecesOf(text)) pieces.delete(piece)
  return pieces
}

/** The days on which the date reads differently: when it was accepted, the day itself, and the two days before it. */
function spokenDays(item: Pick<Fact, 'dates'>): Date[] {
  const dayMs = 86_400_000
  return item.dates.flatMap((date) => [0, 1, 2, 30].map((days) => new Date(date.from.getTime() - days * dayMs)))
}

function piecesOf(text: string): Set<string> {
  const pieces = new Set<string>()
  const plain = digitsForm(text).toLowerCase()
  for (const run of plain.match(/[\u4e00-\u9fff\d]+/gu) ?? []) {
    for (let i = 0; i + 1 < run.length; i += 1) {
      const pair = run.slice(i, i + 2)
      if (!plainPairs.has(pair) && /[\u4e00-\u9fff]/u.test(pair)) pieces.add(pair)
    }
  }
  // A date's digits lean on 月 or 点 and are pairs already; a number by itself counts from two digits on.
  for (const number of plain.match(/\d{2,}/gu) ?? []) pieces.add(number)
  for (const word of plain.match(/[a-z][a-z'-]{2,}/gu) ?? []) if (!plainWords.has(word)) pieces.add(word)
  return pieces
}
