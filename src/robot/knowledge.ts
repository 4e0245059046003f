// Knows what a robot may tell beyond the requirement: a text of the customer, cut into items that answer questions. Pure. Does not know conversations.
import { InvalidInputError } from '../errors.ts'
import { type DateMention, findDates } from './dates.ts'
import { refuseForbidden } from './requirement-refusals.ts'

export type KnowledgeItem = {
  id: string
  /** 问：…, when the text is written as questions and answers. */
  question: string | undefined
  text: string
  dates: readonly DateMention[]
}

export const knowledgeLimits = {
  /** Of the whole text. What is longer belongs into a system that is asked, not into every answer. */
  charsMax: 4_000,
  itemsMax: 120,
  /** Of one spoken item; longer ones are cut at a sentence. */
  itemCharsMax: 80,
} as const

const askMark = /^(?:问|Q|q|question)\s*[：:.、]\s*/iu
const answerMark = /^(?:答|A|a|answer)\s*[：:.、]\s*/iu
const listMark = /^(?:[-•·*]|\d{1,2}[.)、]|[（(]\d{1,2}[)）])\s*/u

/**
 * Cuts a knowledge text into items: lines of 问/答 (Q/A) belong together, anything else is an item per sentence.
 * Errors: InvalidInputError('knowledge') when it is too long; RefusedError 'not-allowed' when it asks to deceive or to collect secrets.
 */
export function compileKnowledge(text: string | undefined, acceptedAt: Date): KnowledgeItem[] {
  if (text === undefined || text.trim() === '') return []
  if (text.length > knowledgeLimits.charsMax) throw new InvalidInputError('knowledge', `knowledge 过长，最多 ${knowledgeLimits.charsMax} 个字符`)
  refuseForbidden(text, 'knowledge', knowledgeLimits.charsMax)
  const items: { question: string | undefined; text: string }[] = []
  let question: string | undefined
  for (const raw of text.split(/\r?\n/u)) {
    const line = raw.replace(/[*#`>|]|\p{Extended_Pictographic}/gu, '').trim().replace(listMark, '')
    if (line === '') {
      question = undefined
      continue
    }
    const [asked, answer = ''] = askMark.test(line) ? splitInline(line.replace(askMark, '')) : [undefined, line]
    if (asked !== undefined) {
      question = asked
      if (answer === '') continue
    }
    for (const sentence of sentencesOf(answer.replace(answerMark, ''))) items.push({ question, text: sentence })
    // What follows an answer stands for itself.
    question = undefined
  }
  return items.slice(0, knowledgeLimits.itemsMax).map((item, i) => ({ id: `k${i + 1}`, ...item, dates: findDates(item.text, acceptedAt) }))
}

/** 问：…？答：… on one line. */
function splitInline(line: string): [string, string] {
  const at = line.search(/(?:答|A)\s*[：:]/u)
  return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at)]
}

function sentencesOf(text: string): string[] {
  const sentences: string[] = []
  for (const sentence of text.split(/(?<=[。！？!?；;])/u)) {
    const clean = sentence.replace(/[。；;\s]+$/u, '').trim()
    const last = sentences.at(-1)
    if (clean === '') continue
    // Short sentences are understood only together.
    if (last !== undefined && last.length + clean.length < knowledgeLimits.itemCharsMax / 2) sentences[sentences.length - 1] = `${last}，${clean}`
    else for (let at = 0; at < clean.length; at += knowledgeLimits.itemCharsMax) sentences.push(clean.slice(at, at + knowledgeLimits.itemCharsMax))
  }
  return sentences
}

/** What holds a question together and says nothing about its matter. */
const functionWords = /请问|时间|地点|问题|事情|一下|我想|想问|问问|知道|告诉|你们|您们|那边|这边|那里|这个|那个|是不是|有没有|能不能|可不可以|要不要|用不用|什么时候|什么|怎么样?|多少|几点|几号|哪里|哪儿|多久|多长|为什么|为啥|可以|需要|方便|还是|一般|大概|就是|[吗呢吧啊呀嘛的了在是有要能会到和跟我你您他她几哪谁多]/gu
const matterShareMin = 0.5
const answersMax = 2

/** The items that answer a question of the callee, at most two; undefined when none clearly does. */
export function answerFromKnowledge(words: string, items: readonly KnowledgeItem[]): KnowledgeItem[] | undefined {
  const wanted = piecesOf(words)
  if (wanted.size === 0 || items.length === 0) return undefined
  const scored = items.map((item) => {
    const own = piecesOf(`${item.question ?? ''}，${item.text}`)
    return { item, score: [...wanted].filter((piece) => own.has(piece)).length / wanted.size }
  })
  const best = Math.max(...scored.map(({ score }) => score))
  if (best < matterShareMin) return undefined
  const found = scored.filter(({ score }) => score === best).map(({ item }) => item)
  // Answers to several questions at once are an answer to none.
  const questions = new Set(found.map(({ question, id }) => question ?? id))
  return questions.size > answersMax ? undefined : found.slice(0, answersMax)
}

/** Pairs of neighbouring characters of what is left without function words, and whole words of other scripts. */
function piecesOf(text: string): Set<string> {
  const plain = text.toLowerCase().replace(functionWords, ' ')
  const runs = plain.match(/[\u4e00-\u9fff]+/gu) ?? []
  const pairs = runs.flatMap((run) => Array.from({ length: Math.max(0, run.length - 1) }, (_, i) => run.slice(i, i + 2)))
  const small = new Set('the and for are you can how what when where who is it do does of to in at on a an me my your tell about please there have'.split(' '))
  return new Set([...pairs, ...(plain.match(/[a-z]{2,}/gu) ?? []).filter((word) => !small.has(word))])
}
