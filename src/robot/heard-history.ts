// Knows the conversation as it was heard: the callee's words, and of the robot's words those that reached the ear. Does not know models or rules.
import { plain } from './prompt-instructions.ts'
import type { ChatMessage } from './model/chat-model.ts'
import type { RobotEvent } from './robot.ts'

const messagesMax = 40
const messageCharsMax = 400
/** Put after words that were cut off, so that they do not read like a sentence. */
const cutMark = '——'

/** History for a model. What was planned but not heard is not in it: the callee does not know it either. */
export class HeardHistory {
  readonly #entries: { role: 'user' | 'assistant'; text: string }[] = []
  readonly #calleeSaid: string[] = []

  note(event: RobotEvent): void {
    if (event.type === 'answered') this.#callee(event.firstWords)
    else if (event.type === 'utterance') this.#callee(event.text)
    else if (event.type === 'digits' && event.digits !== '') this.#add('user', `（按了${event.digits}）`)
    else if (event.type === 'played' && event.heardText !== '') this.#add('assistant', event.cut ? `${event.heardText}${cutMark}` : event.heardText)
  }

  /** As it would be after this. */
  after(event: RobotEvent): HeardHistory {
    const history = new HeardHistory()
    history.#entries.push(...this.#entries)
    history.#calleeSaid.push(...this.#calleeSaid)
    history.note(event)
    return history
  }

  /** Every turn of the callee, oldest first, at most 40. */
  get calleeSaid(): readonly string[] {
    return this.#calleeSaid
  }

  /** Shape: alternating roles, the callee first and last; the callee's words quoted as data. */
  messages(): ChatMessage[] {
    const merged: ChatMessage[] = []
    for (const { role, text } of this.#entries) {
      const content = role === 'user' ? quoted(text) : text
      const last = merged.at(-1)
      if (last?.role === role) last.content = `${last.content}${role === 'user' ? '\n' : ''}${content}`
      else merged.push({ role, content })
    }
    // Some endpoints insist that the user speaks first.
    if (merged[0]?.role !== 'user') merged.unshift({ role: 'user', content: '（电话接通）' })
    if (merged.at(-1)?.role !== 'user') merged.push({ role: 'user', content: '（对方在等您说）' })
    return merged
  }

  #callee(text: string): void {
    if (text === '') return
    this.#calleeSaid.push(text.slice(0, messageCharsMax))
    if (this.#calleeSaid.length > messagesMax) this.#calleeSaid.shift()
    this.#add('user', text)
  }

  #add(role: 'user' | 'assistant', text: string): void {
    this.#entries.push({ role, text: text.slice(0, messageCharsMax) })
    if (this.#entries.length > messagesMax) this.#entries.shift()
  }
}

function quoted(text: string): string {
  return `<callee>${plain(text)}</callee>`
}
