// Knows how a conversation is told in one sentence from what was noted. Does not know the conversation: what is not noted is not told.
import type { ConversationOutcome } from './robot.ts'
import { type Requirement, speak } from './requirement.ts'

/** Slots that are not answers to questions. */
export const keySlot = '按键'
export const callBackSlot = '回电时间'

export type SummaryNotes = {
  outcome: ConversationOutcome
  identified: boolean
  /** Ids of the facts that were heard to their end. */
  factsHeard: readonly string[]
  slots: Readonly<Record<string, string>>
  callBackAt: string | undefined
}

/** What a conversation came to, for readers. */
export const results: Readonly<Record<ConversationOutcome, string>> = {
  confirmed: '对方已确认',
  declined: '对方表示不行或不能参加',
  delivered: '对方未明确答复',
  refused: '对方不愿继续通话',
  stopped: '对方要求不再来电，已登记',
  'wrong-number': '对方表示打错了，未透露内容',
  'third-party': '接听的不是本人，未透露内容',
  'busy-call-back': '对方不便通话，希望改时间联系',
  'handover-requested': '对方要求人工联系',
  transferred: '已转接人工',
  machine: '接听的是智能助理或语音信箱，未透露内容',
  silent: '接通后无人说话',
  unconfirmed: '未能确认对方身份，未透露内容',
}

/** One sentence in Chinese: whom we reached, what they heard, what came of it. */
export function summarise(requirement: Requirement, notes: SummaryNotes, now: Date): string {
  const heard = requirement.facts.filter(({ id }) => notes.factsHeard.includes(id)).map((fact) => speak(fact, now, { brief: true }).replace(/[。，]$/u, ''))
  const parts: string[] = []
  if (notes.identified) parts.push(requirement.person ? `已联系到${requirement.person.display}` : '已接通')
  if (heard.length > 0) parts.push(`${heard.length < requirement.facts.length ? '部分' : ''}告知：${heard.join('；')}`)
  const pressed = notes.slots[keySlot]
  const answers = Object.entries(notes.slots).filter(([name]) => name !== keySlot && name !== callBackSlot)
  if (answers.length > 0) parts.push(`询问${answers.map(([question, answer]) => `“${question}”，对方回答“${answer}”`).join('；')}`)
  if (pressed !== undefined) parts.push(`对方按了${pressed}`)
  // Words about what was kept back would be untrue once something was told.
  const result = notes.identified ? results[notes.outcome].replace('，未透露内容', '') : results[notes.outcome]
  parts.push(notes.callBackAt === undefined ? result : `${result}（约${notes.callBackAt.slice(0, 16).replace('T', ' ')}）`)
  return `${parts.join('，')}。`
}
