// Knows how the scenarios of a script (话术) are written, held in text and checked. Does not know files of other scripts, sound or the command line.
import { z } from 'zod'
import { InvalidInputError } from '../errors.ts'
import { gradeLetters } from '../robot/after-call/judgement.ts'
import type { Robot } from '../robot/robot.ts'
import type { Trace } from '../robot/script/conversation.ts'
import { isPrivate, type Script, scriptOutcomes } from '../robot/script/schema.ts'
import { createScriptRobot } from '../robot/script/script-robot.ts'
import { gradeByLabels, tallyOf } from '../robot/script/script-summary.ts'
import { acceptValues, sayValue, type Values } from '../robot/script/variables.ts'
import { readYaml } from '../yaml-lines.ts'
import { reactionTo, turnsThatHappened } from './conversation.ts'
import { plainForm, someMatch } from './pattern.ts'
import { robotLines, type RunRecord } from './record.ts'
import { calleeTurn, patterns, type Scenario, type Scripted } from './scenario.ts'
import { runInText } from './text-call.ts'
import { asWritten, type Variation } from './variation.ts'

const text = z.string({ error: 'must be text: put numbers in quotes' }).trim().min(1).max(300)
const instant = z.iso.datetime({ offset: true, message: 'must be a date and time with its offset, for example 2026-03-02T10:00:00+08:00' })
const scenario = z.strictObject({
  title: text,
  /** Said on picking up. */
  greeting: text.optional(),
  machine: z.enum(['assistant', 'voicemail']).optional(),
  values: z.record(z.string(), text).default({}),
  /** Turns of the callee; plain words are `says`. */
  talk: z.array(z.preprocess((raw) => (typeof raw === 'string' ? { says: raw } : raw), calleeTurn)).max(40).default([]),
  outcome: z.enum(scriptOutcomes),
  grade: z.enum(gradeLetters).optional(),
  tags: z.array(text).default([]),
  slots: z.record(z.string(), text).default({}),
  says: z.array(patterns).default([]),
  never: z.array(patterns).default([]),
})
const schema = z.strictObject({ version: z.literal(1), values: z.record(z.string(), text).default({}), acceptedAt: instant.default('2026-03-02T10:00:00+08:00'), calledAt: instant.optional(), scenarios: z.array(scenario).min(1) })

export type ScriptScenario = z.output<typeof scenario>
export type ScriptScenarios = z.output<typeof schema>

/** Errors: InvalidInputError with file, line and what is wrong. */
export function readScriptScenarios(source: string, file: string): ScriptScenarios {
  const yaml = readYaml(source)
  const parsed = yaml.broken.length > 0 ? undefined : schema.safeParse(yaml.value)
  if (parsed?.success) return parsed.data
  const wrong = parsed?.error.issues.map(({ path, message }) => `${file}:${yaml.lineOf(path)}: ${yaml.knownPart(path).map(String).join('.')} ${message}`) ?? yaml.broken.map(({ line, message }) => `${file}:${line}: ${message}`)
  throw new InvalidInputError('scenarios', wrong.join('\n'))
}

export type ScriptRun = { scenario: ScriptScenario; record: RunRecord; traces: readonly Trace[]; wrong: readonly string[] }

/** How a conversation is held: in text, or in sound. */
export type HoldScripted = (scripted: Scripted, variation: Variation, robot: (sinceAnswerMs: () => number) => Robot) => Promise<RunRecord>

const inText: HoldScripted = (scenario, variation, robot) => runInText({ scenario, variation, robot })

/** Holds one scenario. Errors: InvalidInputError when its values cannot be told. */
export async function runScriptScenario(script: Script, all: ScriptScenarios, scenario: ScriptScenario, variation: Variation = asWritten, hold: HoldScripted = inText): Promise<ScriptRun> {
  const acceptedAt = new Date(all.acceptedAt)
  const calledAtMs = new Date(all.calledAt ?? all.acceptedAt).getTime()
  const { values, problems } = acceptValues(script, { ...all.values, ...scenario.values }, acceptedAt)
  if (problems.length > 0) throw new InvalidInputError('values', `${scenario.title}: ${problems.map(({ variable, message }) => `${variable} ${message}`).join('; ')}`)
  const traces: Trace[] = []
  const scripted: Scripted = { callee: { persona: scenario.title, voice: 'm1', greeting: scenario.greeting, machine: scenario.machine }, turns: scenario.talk }
  const record = await hold(scripted, variation, (sinceAnswerMs) => createScriptRobot({ script, values, acceptedAt, now: () => new Date(calledAtMs + sinceAnswerMs()), trace: (trace) => traces.push(trace) }))
  return { scenario, record, traces, wrong: [...check(script, scenario, scripted, record), ...checkPrivacy(script, values, { acceptedAt, now: new Date(calledAtMs) }, record)] }
}

function check(script: Script, scenario: ScriptScenario, { turns, callee }: Scripted, record: RunRecord): string[] {
  const wrong: string[] = [...record.faults]
  const heard = robotLines(record).map((line) => line.heard).join('')
  const { tags, slots } = tallyOf(record.notes)
  const grade = gradeByLabels(script, { notes: record.notes, outcome: record.outcome, answered: true })
  if (record.outcome !== scenario.outcome) wrong.push(`结果 outcome ${record.outcome ?? '—'}，应为 expected ${scenario.outcome}`)
  if (scenario.grade !== undefined && grade.letter !== scenario.grade) wrong.push(`意向 grade ${grade.letter} ${grade.reason}，应为 expected ${scenario.grade}`)
  for (const tag of scenario.tags) if (!tags.has(tag)) wrong.push(`缺标签 lacks the tag ${tag}`)
  for (const [slot, value] of Object.entries(scenario.slots)) if (!slots[slot]?.includes(value)) wrong.push(`${slot}: ${slots[slot] ?? '—'}，应有 expected ${value}`)
  for (const any of scenario.says) if (!someMatch(any, heard)) wrong.push(`缺 lacks ${any.map(({ source }) => source).join('|')}: ${heard}`)
  for (const any of scenario.never) if (someMatch(any, heard)) wrong.push(`有 holds ${any.map(({ source }) => source).join('|')}: ${heard}`)
  // The same turns as an evaluation knows them; only they are looked at.
  const whole = { turns, callee } as Scenario
  for (const one of turnsThatHappened(record, whole)) {
    if (!('expect' in one.turn)) continue
    const said = reactionTo(one, record, whole).heard
    if ('says' in one.turn && one.turn.overMs === undefined && said === '') wrong.push(`“${one.line.said}” 没有得到回应 was not answered`)
    for (const any of one.turn.expect) if (!someMatch(any, said)) wrong.push(`“${one.line.said}” → ${said || '—'} 缺 lacks ${any.map(({ source }) => source).join('|')}`)
    if (someMatch(one.turn.never, said)) wrong.push(`“${one.line.said}” → ${said} 有 holds ${one.turn.never.map(({ source }) => source).join('|')}`)
  }
  const hangsUp = turns.some((turn) => 'hangsUp' in turn)
  if (record.endedBy !== (hangsUp ? 'callee' : 'robot')) wrong.push(`通话由 ${record.endedBy} 结束 ended the call`)
  if (!hangsUp && record.outcome !== 'transferred' && !heard.endsWith('再见。')) wrong.push(`没有道别 no goodbye: ${heard.slice(-20)}`)
  if ((record.outcome === 'stopped') !== record.notes.some(({ doNotCall }) => doNotCall !== undefined)) wrong.push('免打扰登记不对 the wish not to be called is not registered as it should be')
  return wrong
}

/** Whoever has not said that they are the person hears none of the values that are for them alone. */
export function checkPrivacy(script: Script, values: Values, times: { acceptedAt: Date; now: Date }, record: RunRecord): string[] {
  if (record.notes.some(({ identity }) => identity === 'yes')) return []
  const heard = plainForm(robotLines(record).map((line) => line.heard).join(''))
  return Object.entries(values).filter(([name]) => isPrivate(script, name)).flatMap(([name, value]) => {
    const said = [value, sayValue(script.vars[name]!.say, value, times), sayValue(script.vars[name]!.say, value, times, '有')].map(plainForm)
    return said.some((words) => heard.includes(words)) ? [`${name} 说给了别人 was told to somebody else`] : []
  })
}
