// Knows the tools a language model may call in a turn and what of a call is believed. Pure. Does not know models, or what is done about it.
import { callBackTime } from './answers.ts'
import { digitsForm } from './china-time.ts'
import type { ChatTool } from './model/chat-model.ts'
import type { Requirement } from './requirement.ts'
import { type FreeEnd, freeEnds, type OpenTurn } from './rules-conversation.ts'
import { guardSentence } from './sentence-guard.ts'

/** What a tool call comes to. `refused`: nothing is done; `why` is for the log and never holds words of the model. */
export type ToolWish =
  | { type: 'end'; how: FreeEnd }
  | { type: 'digits'; digits: string }
  | { type: 'note'; slots: Readonly<Record<string, string>>; refused: number }
  /** `words`: when to call again, as the callee said it. */
  | { type: 'call-back'; words: string }
  | { type: 'refused'; why: 'unknown-tool' | 'arguments' | 'not-now' | 'invented' }

export type ToolContext = { requirement: Requirement; turn: OpenTurn; now: Date; calleeSaid: readonly string[] }

/** A remark of the callee that answers no question of the requirement. */
export const remarkSlot = '备注'
/** Arguments longer than this were not written for us. */
const textCharsMax = 200
const digitsCharsMax = 20

type Tool = ChatTool & { read(input: { readonly [key: string]: unknown }, context: ToolContext): ToolWish }

const refused = (why: Extract<ToolWish, { type: 'refused' }>['why']): ToolWish => ({ type: 'refused', why })
const object = (properties: { readonly [name: string]: unknown }, required: readonly string[]): ChatTool['parameters'] => ({ type: 'object', properties, required, additionalProperties: false })

/** Ends that need words of the callee which could mean them: nobody is listed, left or handed on because a model feels like it. */
const causes: Readonly<Partial<Record<FreeEnd, RegExp>>> = {
  stop: /烦|别|不要|不用|不许|骚扰|投诉|举报|名单|删|退订|打扰|够了|没完|拉黑|老打|总打|天天|\b(?:stop|don't|do not|never|remove|annoy\w*|list|leave)\b/iu,
  human: /人工|真人|活人|客服|领导|经理|老板|主管|负责|专人|别人|(?:找|叫|让|换|跟|和).{0,4}人|说不清|讲不清|听不懂|不懂|解决不了|\b(?:human|person|someone|somebody|agent|manager|operator)\b/iu,
}
const needsCause: ReadonlySet<FreeEnd> = new Set<FreeEnd>(['refused', 'call-back'])
const plainYes: ReadonlySet<OpenTurn['signal']> = new Set<OpenTurn['signal']>(['affirm', 'thanks', 'greeting'])

function ending(how: FreeEnd, { turn }: ToolContext): ToolWish {
  const caused = causes[how]?.test(turn.text) ?? !(needsCause.has(how) && plainYes.has(turn.signal))
  return caused ? { type: 'end', how } : refused('not-now')
}

/** The tools of one requirement, by the names that the model writes. A tool is offered only when it can do something. */
function table(requirement: Requirement): readonly Tool[] {
  const { questions } = requirement
  return [
    {
      name: 'end_call',
      description: '说完这次要说的话之后结束通话。confirmed 对方明确答应或听清；declined 对方表示不行或不参加；delivered 已告知但对方没有明确答复；refused 对方不愿继续；call-back 改时间再打；stop 对方要求不再来电。',
      parameters: object({ reason: { type: 'string', enum: freeEnds.filter((end) => end !== 'human') } }, ['reason']),
      read({ reason }, context) {
        const how = freeEnds.find((end) => end === reason)
        return how === undefined ? refused('arguments') : ending(how, context)
      },
    },
    {
      name: 'hand_over',
      description: '对方要求与人工沟通，或问题必须由人处理时，转给人工。先说一句话，再调用。',
      parameters: object({}, []),
      read: (_, context) => ending('human', context),
    },
    {
      name: 'note',
      description: '记下对方说的内容，只用对方的话。',
      parameters: object({
        ...(questions.length === 0 ? {} : { answers: { type: 'array', maxItems: questions.length, items: object({ question: { type: 'string', enum: questions.map(({ id }) => id) }, answer: { type: 'string', maxLength: textCharsMax } }, ['question', 'answer']) } }),
        remark: { type: 'string', maxLength: textCharsMax, description: '对方的要求或补充，例如“会晚到十分钟”' },
      }, []),
      read: readNote,
    },
    {
      name: 'schedule_callback',
      description: '对方希望改时间再打来时调用，time 用对方的原话，例如“下午三点”。',
      parameters: object({ time: { type: 'string', maxLength: textCharsMax } }, ['time']),
      read({ time }, context) {
        if (typeof time !== 'string' || time.length > textCharsMax) return refused('arguments')
        return isCalleesTime(time, context) ? { type: 'call-back', words: time } : refused('invented')
      },
    },
    {
      name: 'send_digits',
      description: '按键，只在对方或资料要求按键时用，例如分机号。',
      parameters: object({ digits: { type: 'string', pattern: `^[0-9*#]{1,${digitsCharsMax}}$` } }, ['digits']),
      read({ digits }, context) {
        if (typeof digits !== 'string' || !new RegExp(`^[0-9*#]{1,${digitsCharsMax}}$`).test(digits)) return refused('arguments')
        return isKnownKey(digits, context) ? { type: 'digits', digits } : refused('invented')
      },
    },
  ]
}

export function toolsFor(requirement: Requirement): ChatTool[] {
  return table(requirement).map(({ name, description, parameters }) => ({ name, description, parameters }))
}

/** Reads one call of the model, which may have written anything. Never throws. */
export function readToolCall(name: string, input: unknown, context: ToolContext): ToolWish {
  const tool = table(context.requirement).find((one) => one.name === name)
  if (!tool) return refused('unknown-tool')
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return refused('arguments')
  return tool.read(input as { readonly [key: string]: unknown }, context)
}

function readNote(input: { readonly [key: string]: unknown }, context: ToolContext): ToolWish {
  const { questions } = context.requirement
  const slots: Record<string, string> = {}
  let wrong = 0
  for (const answer of Array.isArray(input['answers']) ? (input['answers'] as unknown[]).slice(0, questions.length) : []) {
    const { question: id, answer: words } = (typeof answer === 'object' && answer !== null ? answer : {}) as { question?: unknown; answer?: unknown }
    const question = questions.find((one) => one.id === id)
    if (question && isBelievable(words, context)) slots[question.text] = words
    else wrong += 1
  }
  if (isBelievable(input['remark'], context)) slots[remarkSlot] = input['remark']
  else if (input['remark'] !== undefined) wrong += 1
  return Object.keys(slots).length === 0 ? refused(wrong > 0 ? 'invented' : 'arguments') : { type: 'note', slots, refused: wrong }
}

/** What goes into the record passes the same guard as what is spoken: no number, day or name that nobody said. */
function isBelievable(words: unknown, { requirement, now, calleeSaid }: ToolContext): words is string {
  return typeof words === 'string' && words.length <= textCharsMax && guardSentence(words, { requirement, identity: 'yes', now, calleeSaid, of: 'record' }).ok
}

/** The callee named that very time; one that only stands in the requirement is no wish of theirs. */
function isCalleesTime(words: string, { calleeSaid, now }: ToolContext): boolean {
  const at = callBackTime(words, now)
  return at !== undefined && calleeSaid.some((said) => callBackTime(said, now) === at)
}

/** Keys that the requirement, the knowledge or the callee named. */
function isKnownKey(keys: string, { requirement, calleeSaid }: ToolContext): boolean {
  const sources = [requirement.original, ...requirement.knowledge.map(({ text }) => text), ...calleeSaid]
  const plain = (text: string): string => digitsForm(text.replace(/井号?键?/gu, '#').replace(/星号?键?/gu, '*')).replace(/[\s-]/gu, '')
  return sources.some((source) => new RegExp(`(?<![\\d*#])${keys.replace(/[*]/g, '\\*')}(?![\\d*#])`).test(plain(source)))
}
