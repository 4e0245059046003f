// Knows what a scenario file may say and tells what is wrong in one, with the line. Does not know how scenarios are run or checked.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { InvalidInputError } from '../errors.ts'
import { gradeLetters } from '../robot/after-call/judgement.ts'
import { readYaml } from '../yaml-lines.ts'
import { compilePattern, type Pattern } from './pattern.ts'

/** The form of the files; a later form gets a later number, and files of this one stay readable. */
export const scenarioVersion = 1

/** What a turn of the callee asks for, where the right reaction is the same in every conversation. */
export const wishes = ['robot', 'stop', 'repeat', 'human', 'who'] as const
export type Wish = (typeof wishes)[number]

/** One or several; messages then name the one that is wrong. */
const listed = <Item extends z.ZodType>(item: Item) => z.preprocess((raw) => (Array.isArray(raw) ? (raw as unknown[]) : [raw]), z.array(item).min(1, 'must not be an empty list'))
const words = z.string({ error: 'must be text: put numbers in quotes' }).trim().min(1, 'must not be empty').max(500, 'must have at most 500 characters')
const pattern = words.transform((source, context): Pattern => {
  try {
    return compilePattern(source)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is no pattern: ${(error as Error).message}` })
    return z.NEVER
  }
})
export const patterns = listed(pattern)
const instant = z.iso.datetime({ offset: true, message: 'must be a date and time with its offset, for example 2026-03-02T10:00:00+08:00' })
const ms = z.int().min(0).max(60_000)

/** What must and must not be in the robot's words between this turn and the next one of the callee. */
const reaction = { expect: z.array(patterns).default([]), never: patterns.default([]) }
const said = {
  /** How the recogniser writes it, in text runs: a slip of dialect or of a bad line. Default: as said. */
  heardAs: words.optional(),
  /** From here on the person whom the requirement names listens, and has said so. */
  confirms: z.boolean().default(false),
  /** From here on somebody else listens. */
  denies: z.boolean().default(false),
  asks: z.enum(wishes, { error: `must be one of ${wishes.join(', ')}` }).optional(),
  ...reaction,
}
const turnForms = {
  says: z.strictObject({
    says: words,
    /** From the end of the robot's words. */
    afterMs: ms.default(500),
    /** Speaks over the robot, so long after it began, instead of waiting for it. */
    overMs: ms.optional(),
    ...said,
  }),
  murmurs: z.strictObject({ murmurs: words, overMs: ms.default(1_500) }),
  silent: z.strictObject({ silent: z.literal(true), ...reaction }),
  presses: z.strictObject({ presses: z.string().regex(/^[0-9*#]{1,20}$/, 'must be keys: 0-9 * #'), ...reaction }),
  hangsUp: z.strictObject({ hangsUp: z.literal(true) }),
} as const
type TurnForm = keyof typeof turnForms
const formNames = Object.keys(turnForms) as TurnForm[]

/** A union that names what is wrong in the form that was meant, not in all of them. */
export const calleeTurn = z.record(z.string(), z.unknown()).transform((raw, context) => {
  const form = formNames.find((name) => Object.hasOwn(raw, name))
  if (form === undefined) {
    context.addIssue({ code: 'custom', message: `must begin with one of ${formNames.join(', ')}` })
    return z.NEVER
  }
  const parsed = turnForms[form].safeParse(raw)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) context.addIssue({ ...issue } as Parameters<typeof context.addIssue>[0])
  return z.NEVER
})

const outcomes = ['confirmed', 'declined', 'delivered', 'refused', 'stopped', 'wrong-number', 'third-party', 'busy-call-back', 'handover-requested', 'transferred', 'machine', 'silent', 'unconfirmed'] as const

const scenarioSchema = z.strictObject({
  version: z.literal(scenarioVersion, { error: `must be ${scenarioVersion}` }),
  title: words,
  tags: z.array(words).default([]),
  requirement: words,
  organisation: words.optional(),
  /** When the call was ordered; 明天 counts from here. A Monday by default. */
  acceptedAt: instant.default('2026-03-02T10:00:00+08:00'),
  /** When it is made; default: when it was ordered. */
  calledAt: instant.optional(),
  attempt: z.int().min(1).max(20).default(1),
  callee: z.strictObject({
    /** Who that is, for readers. */
    persona: words,
    /** Voice in audio runs: m1…m8, f1…f5. */
    voice: z.string().regex(/^[mf]\d$/, 'must be a voice such as m1 or f3').default('m1'),
    /** Said right after picking up; absent: picks up without a word. */
    greeting: words.optional(),
    machine: z.enum(['assistant', 'voicemail']).optional(),
  }),
  turns: z.array(calleeTurn).max(40).default([]),
  /** What the call is to tell, by name: any of its patterns proves that it was told. */
  facts: z.record(z.string(), patterns).default({}),
  /** Further words that nobody but the person may hear. */
  secrets: z.array(pattern).default([]),
  expect: z.strictObject({
    outcome: listed(z.enum(outcomes, { error: `must be one of ${outcomes.join(', ')}` })),
    /** 'once': each fact was heard to its end once, and again only where the callee asked. */
    facts: z.enum(['once', 'none', 'any']).optional(),
    doNotCall: z.boolean().default(false),
    wrongNumber: z.boolean().default(false),
    endedBy: z.enum(['robot', 'callee']).default('robot'),
    /** Questions of the requirement, and what the record must hold of the answer. */
    answers: z.record(z.string(), pattern).default({}),
    /** Intent grade (意向等级) of the record afterwards. */
    grade: listed(z.enum(gradeLetters, { error: `must be one of ${gradeLetters.join(', ')}` })).optional(),
    /** Whether somebody should look at the record before relying on it. */
    review: z.boolean().optional(),
    /** Pattern of the time that was noted for the next call. */
    callBack: pattern.optional(),
    says: z.array(patterns).default([]),
    never: z.array(pattern).default([]),
    robotTurnsMax: z.int().min(1).default(12),
  }),
  /** What would be good, and fails nobody. */
  soft: z.strictObject({ says: z.array(patterns).default([]), never: z.array(pattern).default([]), robotTurnsMax: z.int().min(1).optional(), talkMsMax: z.int().min(1).optional() }).prefault({}),
})

export type CalleeTurn = z.output<(typeof turnForms)[TurnForm]>
export type Spoken = Extract<CalleeTurn, { says: string }>
export type Scenario = Omit<z.output<typeof scenarioSchema>, 'turns'> & {
  /** Path below the folder, without .yaml. */
  id: string
  turns: readonly CalleeTurn[]
}

/** What the callee of a conversation does, whatever the robot is. */
export type Scripted = Pick<Scenario, 'callee' | 'turns'>

/**
 * Reads one scenario. `file` is for messages.
 * Errors: InvalidInputError that names file, line and what is wrong, every mistake on a line of its own.
 */
export function parseScenario(source: string, id: string, file = `${id}.yaml`): Scenario {
  const text = readYaml(source)
  if (text.broken.length > 0) throw new InvalidInputError('scenario', text.broken.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'))
  const parsed = scenarioSchema.safeParse(text.value)
  if (!parsed.success) {
    throw new InvalidInputError('scenario', parsed.error.issues.map(({ path: at, message }) => `${file}:${text.lineOf(at)}: ${at.length === 0 ? '' : `${at.map(String).join('.')} `}${message}`).join('\n'))
  }
  const scenario: Scenario = { ...parsed.data, id }
  const why = contradiction(scenario)
  if (why !== undefined) throw new InvalidInputError('scenario', `${file}:1: ${why}`)
  return scenario
}

/** All scenarios at or below a path, in the order of their names. Errors: InvalidInputError naming every file that is wrong, or that there is none. */
export function loadScenarios(place: string): Scenario[] {
  const stat = statSync(place, { throwIfNoEntry: false })
  if (!stat) throw new InvalidInputError('folder', `没有 ${place}。 There is no ${place}.`)
  const folder = stat.isDirectory() ? place : path.dirname(place)
  const files = stat.isDirectory() ? readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/u.test(name)).toSorted() : [path.basename(place)]
  if (files.length === 0) throw new InvalidInputError('folder', `${place} 里没有场景（*.yaml）。 There is no scenario (*.yaml) in ${place}.`)
  const wrong: string[] = []
  const scenarios = files.flatMap((name) => {
    const file = path.join(folder, name)
    try {
      return [parseScenario(readFileSync(file, 'utf8'), name.replace(/\.ya?ml$/u, '').split(path.sep).join('/'), file)]
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error
      wrong.push(error.message)
      return []
    }
  })
  if (wrong.length > 0) throw new InvalidInputError('folder', wrong.join('\n'))
  return scenarios
}

/** What the facts of this scenario are expected to be, when the file leaves it open. */
export function factsExpected({ expect, turns }: Pick<Scenario, 'expect' | 'turns'>): 'once' | 'none' | 'any' {
  return expect.facts ?? (turns.some((one) => 'confirms' in one && one.confirms) ? 'once' : 'none')
}

function contradiction(scenario: Scenario): string | undefined {
  const { facts, turns, expect } = scenario
  if (factsExpected(scenario) === 'once' && Object.keys(facts).length === 0) return 'facts must name what the call is to tell (or set expect.facts: any)'
  const stops = turns.some((one) => 'asks' in one && one.asks === 'stop')
  if (stops && !expect.doNotCall) return 'a turn asks: stop, so expect.doNotCall must be true'
  if (expect.endedBy === 'callee' && !turns.some((one) => 'hangsUp' in one)) return 'expect.endedBy is callee, but no turn has hangsUp: true'
  return undefined
}
