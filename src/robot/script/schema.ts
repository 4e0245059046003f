// Knows the form of a script (话术) file. Does not know whether its parts fit together (check-script.ts) or how it is spoken (conversation.ts).
import { z } from 'zod'
import { gradeLetters } from '../after-call/judgement.ts'
import { phraseIntents } from '../intent-phrases.ts'

/** The form of the files; a later form gets a later number, and files of this one stay readable. */
export const scriptSchemaVersion = 1

export const scriptPurposes = ['notice', 'appointment', 'delivery', 'survey', 'collection', 'invitation'] as const
export const variableKinds = ['text', 'name', 'money', 'date', 'digits', 'phone', 'number'] as const
export const scriptOutcomes = [
  'confirmed', 'declined', 'delivered', 'refused', 'stopped', 'wrong-number', 'third-party', 'busy-call-back', 'handover-requested', 'transferred', 'machine', 'silent', 'unconfirmed',
] as const
/** What may happen anywhere in a conversation, beside the meanings of a turn. */
export const globalEvents = ['silence', 'unknown', 'limit', 'before-identity'] as const
/** Meanings of a turn that every script knows without saying so. */
export const universalIntents = [...phraseIntents, 'question'] as const

const words = z.string({ error: 'must be text: put numbers in quotes' }).trim().min(1, 'must not be empty').max(300, 'must have at most 300 characters')
const nameOf = (what: string) => z.string({ error: `must be the name of ${what}` }).regex(/^\p{L}[\p{L}\p{N}_-]{0,39}$/u, `must be the name of ${what}: letters, digits, _ and -, at most 40`)
const nodeName = nameOf('a node')
const isObject = (raw: unknown): raw is Record<string, unknown> => typeof raw === 'object' && raw !== null && !Array.isArray(raw)

/** One or several; messages then name the one that is wrong. */
const listed = <Item extends z.ZodType>(item: Item, max: number) => z.preprocess((raw) => (Array.isArray(raw) ? (raw as unknown[]) : [raw]), z.array(item).min(1, 'must not be an empty list').max(max, `must have at most ${max} entries`))

const part = z.preprocess(
  (raw) => (isObject(raw) ? raw : { text: raw }),
  z.strictObject({
    /** Words with `${variables}`, spoken by the voice. */
    text: words.optional(),
    /** A recorded file known to the account. */
    file: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,38}(?:\.(?:wav|mp3))?$/, 'must be the name of a recorded file: letters, digits, _ and -, at most 39, perhaps .wav or .mp3').optional(),
    /** What is heard in the file. */
    words: words.optional(),
  }),
)
const line = z.preprocess(
  (raw) => (isObject(raw) ? ('text' in raw ? { ...Object.fromEntries(Object.entries(raw).filter(([key]) => key !== 'text')), parts: [raw['text']] } : raw) : { parts: [raw] }),
  z.strictObject({
    parts: z.array(part).min(1).max(20),
    interruptible: z.boolean().optional(),
    /** Words do not stop the line, but a voice that goes on for so long does. */
    timeBreakMs: z.int().min(200).max(10_000).optional(),
  }),
)
/** Variants: the first when it is said first, the next when it is said again, the last from then on. */
const lines = listed(line, 6)

const slotName = nameOf('a slot')
const tag = nameOf('a tag')
const branch = z.preprocess(
  (raw) => (isObject(raw) ? raw : { go: raw }),
  z.strictObject({
    go: nodeName,
    tags: z.array(tag).max(10).default([]),
    set: z.record(slotName, words).default({}),
    identity: z.enum(['yes', 'no', 'third-party']).optional(),
  }),
)
const max = z.strictObject({ times: z.int('must be a whole number').min(1, 'must be at least 1').max(10, 'must be at most 10'), go: nodeName })

const node = z.strictObject({
  say: lines.optional(),
  /** For all lines of the node that do not say so themselves. */
  interruptible: z.boolean().optional(),
  /** What the lines ask: the same words answer differently. 'identity': a yes confirms that this is the person. */
  asks: z.enum(['identity', 'listen', 'understood', 'attend', 'yes-no', 'open', 'call-back']).optional(),
  needs: z.literal('identity', { error: 'must be identity' }).optional(),
  /** The lines tell what the call is about: heard to their end, it counts as delivered. */
  delivers: z.boolean().default(false),
  /** The callee's words that lead on from here are kept under this name. */
  keep: slotName.optional(),
  tags: z.array(tag).max(10).default([]),
  /** At most so many visits; the next one leads elsewhere. */
  max: max.optional(),
  on: z.record(z.string(), branch).optional(),
  keys: z.record(z.string(), branch).optional(),
  /** Several keys as one number. */
  collect: z.strictObject({ slot: slotName, digitsMin: z.int().min(1).max(20).default(1), digitsMax: z.int().min(1).max(20), endKey: z.enum(['#', '*']).optional(), timeOutMs: z.int().min(2_000).max(30_000).default(8_000), go: nodeName }).optional(),
  go: nodeName.optional(),
  end: z.enum(scriptOutcomes, { error: `must be one of ${scriptOutcomes.join(', ')}` }).optional(),
  /** Registers that the callee wants no calls; only where the node ends. */
  doNotCall: z.boolean().default(false),
  transfer: z.strictObject({ to: words, else: nodeName }).optional(),
})

/** `return`: says where we were once more. `wait`: waits in silence. `hang-up`: ends. Otherwise the name of a node. */
const reaction = z.strictObject({
  say: lines.optional(),
  go: z.string().default('return'),
  outcome: z.enum(scriptOutcomes, { error: `must be one of ${scriptOutcomes.join(', ')}` }).optional(),
  doNotCall: z.boolean().default(false),
  identity: z.enum(['no', 'third-party']).optional(),
  transfer: words.optional(),
  tags: z.array(tag).max(10).default([]),
  max: z.strictObject({ times: z.int().min(1).max(10), go: z.string() }).optional(),
})

const variable = z.strictObject({
  say: z.enum(variableKinds, { error: `must be one of ${variableKinds.join(', ')}` }).default('text'),
  required: z.boolean().default(true),
  default: words.optional(),
  /** May be heard by anybody who picks up. Names and the organisation may by themselves. */
  public: z.boolean().optional(),
  /** For those who fill it in. */
  about: words.optional(),
})

const intent = z.strictObject({
  examples: z.array(words).max(200).default([]),
  keywords: z.array(words).max(100).default([]),
  patterns: z.array(words).max(30).default([]),
})

const label = z.strictObject({
  grade: z.enum(gradeLetters, { error: `must be one of ${gradeLetters.join(', ')}` }),
  reason: words,
  /** All of it must hold; empty: always. */
  when: z.strictObject({
    outcome: listed(z.enum(scriptOutcomes), 13).optional(),
    tags: z.array(tag).optional(),
    slots: z.record(slotName, listed(words, 20)).optional(),
    affirmsMin: z.int().min(0).optional(),
    refusalsMin: z.int().min(0).optional(),
    refusalsMax: z.int().min(0).optional(),
    questionsMin: z.int().min(0).optional(),
    turnsMax: z.int().min(0).optional(),
    turnsMin: z.int().min(0).optional(),
  }).default({}),
})

export const scriptSchema = z.strictObject({
  schema: z.literal(scriptSchemaVersion, { error: `must be ${scriptSchemaVersion}` }),
  id: z.string().regex(/^[a-z][a-z0-9-]{1,59}$/, 'must be small letters, digits and -, at most 60'),
  version: z.int('must be a whole number').min(1),
  title: words,
  purpose: z.enum(scriptPurposes, { error: `must be one of ${scriptPurposes.join(', ')}` }),
  vars: z.record(z.string(), z.preprocess((raw) => raw ?? {}, variable)),
  /** When such calls may be made, for whoever dials. */
  calling: z.strictObject({ from: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:00'), until: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 20:00'), perDayMax: z.int().min(1).max(5) }).optional(),
  limits: z.strictObject({
    secondsMax: z.int().min(20).max(900).default(180),
    turnsMax: z.int().min(2).max(60).default(20),
    silenceMs: z.int().min(2_000).max(20_000).default(5_000),
  }).prefault({}),
  /** How lines are interrupted that do not say so themselves. */
  interruption: z.strictObject({ interruptible: z.boolean().default(true), timeBreakMs: z.int().min(200).max(10_000).optional(), protectedMs: z.int().min(0).max(5_000).optional() }).prefault({}),
  start: nodeName,
  nodes: z.record(nodeName, node),
  intents: z.record(z.string(), intent).default({}),
  faq: z.array(reaction.extend({ on: z.string(), needs: z.literal('identity').optional() })).max(100).default([]),
  global: z.record(z.string(), reaction).default({}),
  labels: z.array(label).max(20).default([]),
  /** Where a drawing shows the nodes. Says nothing about the conversation. */
  canvas: z.record(z.string(), z.strictObject({ x: z.number(), y: z.number() })).optional(),
})

export type Script = z.output<typeof scriptSchema>
export type ScriptNode = Script['nodes'][string]
export type ScriptLine = z.output<typeof line>
export type Branch = z.output<typeof branch>
export type Reaction = z.output<typeof reaction>
export type Faq = Script['faq'][number]
export type VariableKind = (typeof variableKinds)[number]

/** The callee's identity must be known before such a variable is heard. */
export function isPrivate(script: Script, name: string): boolean {
  const variable = script.vars[name]
  return variable !== undefined && !(variable.public ?? (name === 'org' || variable.say === 'name'))
}

/** Every line of a script, wherever it stands. */
export function allLines(script: Script): ScriptLine[] {
  return [...Object.values(script.nodes), ...script.faq, ...Object.values(script.global)].flatMap(({ say = [] }) => say)
}

/** A line as it is written: recordings by what is heard in them, variables as `${name}`. */
export function writtenLine({ parts }: ScriptLine): string {
  return parts.map(({ text, words }) => text ?? words ?? '').join('')
}

/** Names of the variables of a text, in reading order. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{([^{}]*)\}/gu)].map((found) => found[1]!)
}
