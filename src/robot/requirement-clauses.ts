// Knows how a text becomes facts, questions and keys that are spoken to the callee. Does not know names, dates or conversations.
import type { Person } from './requirement-person.ts'

export type Clauses = {
  facts: string[]
  questions: { text: string; kind: 'yes-no' | 'open' }[]
  keys: { key: string; meaning: string; intent: 'affirm' | 'deny' | 'other' }[]
  quoted: boolean
}

/** A spoken sentence longer than this is cut at a pause. */
export const factCharsMax = 40
const factsMax = 60

const otherPerson = /孩子|儿子|女儿|学生|老公|老婆|爱人|爸爸|妈妈|同事|朋友|客户|小(?!时|区|心|组|学|程|票|件|票|结|于)[\u4e00-\u9fff]|[\u4e00-\u9fff](?:先生|女士|老师|经理)/u

/**
 * Turns the words about the callee into words to the callee: 他 and 她 become 您, 我 becomes the one who has the call made.
 * A 他 after another person stays: it may be that person.
 */
export function towardsCallee(text: string, person: Person | undefined, principal: string | undefined): string {
  let spoken = text
  if (person && person.display.length > 1) {
    const parts = spoken.split(person.display)
    spoken = parts.join('您')
  }
  if (person?.oneOf) spoken = spoken.replace(/[他她]们/gu, '你们')
  spoken = spoken.replace(/(?<![其吉])[他她](?![们人])/gu, (pronoun, at: number) => (otherPerson.test(spoken.slice(0, at)) ? pronoun : '您'))
  spoken = spoken.replace(/你(?!们)/gu, '您').replace(/您您/gu, '您')
  const caller = principal ?? '委托方'
  return spoken.replace(/(?<=给|联系|找|回复?|告诉|跟|和)我(?!们)/gu, caller)
}

const keyPattern = /(?:请|则|可以|可|就)?按(?:下|键)?[“"]?([0-9*#])[”"]?(?:号?键)?(?:进行|表示|代表|是|为|来)?/u
/** Words that lead to a key and tell nothing: 听清楚了请按1, 如需改期请按2. */
const condition = /^(?:如果|如|若|假如|要是|倘若)/u
const acknowledgement = /^(?:您|已经?|都|能够?|可以|不|确认|同意|收到|参加|取消|拒绝|听清楚?|听明白|听懂|听到|清楚|明白|知道|知晓|了解|没?问题|无误|通知|消息|了|后|之后|的话?|则|请|和|或者?|，)*$/u
const keyMeaningCharsMax = 8
const askLead = /^(?:(?:并|再|顺便|另外|然后|同时|请|还|最后)*(?:询问|问一下|问一问|问问|请问|问|确认一下|了解一下|了解)(?:一下)?(?:您)?(?:一下)?[，,：:]?)/u
const yesNoPattern = /能不能|可不可以|是不是|有没有|会不会|要不要|去不去|来不来|行不行|方便不方便|方不方便|愿不愿意|是否|能否|可否|需不需要|吗$|([\u4e00-\u9fff])不\1/u
const openPattern = /几点|几号|几个|几位|几人|什么|哪|谁|多少|多久|多大|怎么|如何|为何|何时|呢$/u
const imperative = /^(?:带|携带|准备|准时|提前|记得|务必|注意|穿|尽快|及时|到时|安排|回电|回复|联系|查收|领取|缴纳|不要|勿|按时|做好|核对|到(?=.*(?:取|领|签|办)))/u

/** Cuts the text into what is said, what is asked and which keys are offered. */
export function splitClauses(text: string, kind: string): Clauses {
  const result: Clauses = { facts: [], questions: [], keys: [], quoted: false }
  let inQuestion = kind === 'ask'
  for (const sentence of joinKeys(text).split(/(?<=[。！？!?；;])/u)) {
    for (const rawClause of sentence.split(/[，,。！!；;]/u)) {
      if (result.facts.length + result.questions.length >= factsMax) return result
      let clause = rawClause.trim().replace(/^[：:、]+|^(?:\d{1,2}|[一二三四五六七八九十])[.、)）]\s*(?=\D)/gu, '').replace(/^让(?=您)/u, '请')
      if (clause === '') continue
      if (keyPattern.test(clause)) clause = takeKeys(clause, result)
      if (clause === '') continue
      const asks = askLead.exec(clause)
      if (asks) {
        inQuestion = true
        clause = clause.slice(asks[0].length)
      }
      const mark = /[？?]$/u.test(clause)
      clause = clause.replace(/[？?]+$/u, '')
      const yesNo = yesNoPattern.test(clause)
      const open = openPattern.test(clause)
      if (clause !== '' && (mark || (inQuestion && (yesNo || open)) || (asks && !/^(?:候|好)/.test(clause)))) {
        result.questions.push({ text: clause.replace(/^(?:说|一下|您是否知道)/u, ''), kind: yesNo || !open ? 'yes-no' : 'open' })
        continue
      }
      if (clause === '') continue
      if (/(?<!自)我(?!们|司|校|院|店|公司|行|方|单位)/u.test(clause)) result.quoted = true
      addFact(result.facts, imperative.test(clause) ? `请${clause}` : clause)
    }
  }
  return result
}

/** Very short clauses lean on the one before, as long as the sentence stays short. */
function addFact(facts: string[], clause: string): void {
  const last = facts.at(-1)
  const conditional = last !== undefined && /^(?:如果|如|若|假如|要是|因为|由于|为了|虽然|除了)/u.test(last) && !last.includes('，')
  const leans = clause.length <= 3 || conditional
  if (last !== undefined && leans && last.length + clause.length < factCharsMax) facts[facts.length - 1] = `${last}，${clause}`
  else facts.push(clause)
}

/** 听清楚了，请按1: the words before the pause belong to the key. */
function joinKeys(text: string): string {
  return text.replace(/([^，,。；;！!]+)[，,。；;！!](?=(?:请|则|可以|可|就)?按(?:下|键)?[“"]?[0-9*#])/gu, (both, before: string) => (condition.test(before) || acknowledgement.test(before) ? before : both))
}

/** Takes the keys out of a clause; what is left of it is to be told. Each key means what stands before it (同意请按1), or after it (按1确认). */
function takeKeys(clause: string, { facts, keys }: Clauses): string {
  const [head = '', ...parts] = clause.split(new RegExp(keyPattern, 'gu'))
  const names = parts.filter((_, i) => i % 2 === 0)
  const words = [head, ...parts.filter((_, i) => i % 2 === 1)]
  const leads = condition.test(head) || acknowledgement.test(head) || (facts.length > 0 && head.length <= keyMeaningCharsMax && !/[\d点今明后周]/u.test(head))
  const before = leads && bare(head) !== '' && names.length > 1
  for (const [i, key] of names.entries()) {
    const own = bare(words[before ? i : i + 1]!)
    const meaning = [own, leads && names.length === 1 ? bare(head) : ''].find((one) => one !== '' && one.length <= keyMeaningCharsMax) ?? '确认'
    keys.push({ key, meaning, intent: intentOf(meaning) })
  }
  const after = words.at(-1)!
  return [leads ? '' : head, after.length > keyMeaningCharsMax ? after : ''].join('')
}

/** 如果您需要改期的话 is 改期. */
function bare(words: string): string {
  return words.replace(/^(?:如果|如|若|假如|要是|倘若|您|需要?|要|想|已经?|请|或者?|和|，)+|(?:的话?|了|之后|后|请|或者?|和|，)+$/gu, '')
}

function intentOf(meaning: string): 'affirm' | 'deny' | 'other' {
  if (/不|取消|拒绝|没(?!问题)/u.test(meaning)) return 'deny'
  return /确认|同意|收到|参加|知道|知晓|接受|清楚|明白|懂|到|能|可以|是|没问题/u.test(meaning) ? 'affirm' : 'other'
}
