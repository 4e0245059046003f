// waihu script: checks, tries out and measures scripts (话术) as files; those on a server are stored-script.ts. Knows files and the terminal. Places no calls.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { defineCommand } from 'citty'
import { InvalidInputError } from '../errors.ts'
import { chat } from '../robot/script/typed-talk.ts'
import { coverageOf, describeCoverage } from '../eval/script-coverage.ts'
import { readScriptScenarios, runScriptScenario, type ScriptRun, type ScriptScenario, type ScriptScenarios } from '../eval/script-scenarios.ts'
import { nodeCount } from '../robot/script/check-script.ts'
import { describeProblem, readScript, scriptOf } from '../robot/script/read-script.ts'
import { createScriptRobot } from '../robot/script/script-robot.ts'
import { acceptValues } from '../robot/script/variables.ts'
import { scriptedInAudio } from './script-audio.ts'
import { sourceOf } from './script-files.ts'
import { storedScriptCommands } from './stored-script.ts'

const file = { type: 'positional', required: true, description: '话术文件（YAML 或 JSON） script file, YAML or JSON' } as const

/** Beside the script: visit.yaml → visit.scenarios.yaml. */
function scenariosBeside(name: string, named: string | undefined): ScriptScenarios | undefined {
  const beside = named ?? path.join(path.dirname(name), `${path.basename(name).replace(/\.[^.]+$/u, '')}.scenarios.yaml`)
  return named !== undefined || existsSync(beside) ? readScriptScenarios(sourceOf(beside), beside) : undefined
}

const check = defineCommand({
  meta: { name: 'check', description: '校验话术：每个问题一行，文件:行: 位置: 说明。 Checks a script: a line per problem.' },
  args: { file },
  run({ args }) {
    const names = args._.length > 0 ? args._ : [args.file]
    for (const name of names) {
      const { script, problems } = readScript(sourceOf(name))
      for (const problem of problems) console.error(describeProblem(problem, name))
      if (!script) {
        process.exitCode = 1
        continue
      }
      const { nodes, branches } = nodeCount(script)
      console.log(`${name}: 通过 ok · ${script.title} v${script.version} · ${nodes} 个节点 nodes · ${branches} 条分支 ways · ${script.faq.length} 条知识 answers`)
    }
  },
})

const simulate = defineCommand({
  meta: { name: 'simulate', description: '打字和话术对话：一行是对方一句话，空行是沉默，#1 是按键。 Talk with a script by typing: a line is a turn, an empty line silence, #1 a key.' },
  args: {
    file,
    values: { type: 'string', description: '变量，JSON；默认取旁边 .scenarios.yaml 里的 values variables as JSON; default: those of the scenarios beside it' },
    talk: { type: 'string', description: '对方的话，用 | 分开；不写则从标准输入读 the turns, parted by |; else from standard input' },
  },
  async run({ args }) {
    const script = scriptOf(sourceOf(args.file), args.file)
    const acceptedAt = new Date()
    const given = args.values === undefined ? (scenariosBeside(args.file, undefined)?.values ?? {}) : valuesOf(args.values)
    const { values, problems } = acceptValues(script, given, acceptedAt)
    if (problems.length > 0) throw new InvalidInputError('--values', problems.map(({ variable, message }) => `--values ${variable}: ${message}`).join('\n'))
    await using robot = createScriptRobot({ script, values, acceptedAt, now: () => new Date() })
    await chat(robot, args.talk === undefined ? createInterface({ input: process.stdin }) : linesOf(args.talk), (line) => console.log(line))
  },
})

const coverage = defineCommand({
  meta: { name: 'coverage', description: '跑话术旁边的场景，说明哪些节点和分支没走到。 Holds the scenarios beside a script and tells what none of them reached.' },
  args: {
    file,
    audio: { type: 'boolean', default: false, description: '走真实 SIP/RTP 与语音，实时 over real SIP, RTP and speech, in real time' },
    filter: { type: 'string', description: '只跑标题含此文字的场景 only scenarios whose title holds this' },
    first: { type: 'string', description: '只跑前几个场景 only so many scenarios, from the first on' },
    jobs: { type: 'string', default: '3', description: '语音时同时进行几个 so many at once, in sound' },
    scenarios: { type: 'string', description: '场景文件，默认 <话术>.scenarios.yaml scenarios, by default those beside the script' },
  },
  async run({ args }) {
    const script = scriptOf(sourceOf(args.file), args.file)
    const all = scenariosBeside(args.file, args.scenarios)
    if (!all) throw new InvalidInputError('--scenarios', `${args.file} 旁边没有 .scenarios.yaml，请用 --scenarios 指明。 There are no scenarios beside ${args.file}: name them with --scenarios.`)
    const chosen = all.scenarios.filter(({ title }) => title.includes(args.filter ?? '')).slice(0, args.first === undefined ? undefined : countOf('--first', args.first))
    if (chosen.length === 0) throw new InvalidInputError('--filter', `没有场景的标题含 ${args.filter}。 No scenario's title holds ${args.filter}.`)
    await using stack = new AsyncDisposableStack()
    const hold = args.audio ? await scriptedInAudio(stack) : undefined
    const runs: ScriptRun[] = []
    const runOne = async (scenario: ScriptScenario): Promise<void> => {
      const run = await runScriptScenario(script, all, scenario, undefined, hold)
      runs.push(run)
      console.log(`${run.wrong.length === 0 ? '✓' : '✗'} ${scenario.title}${run.wrong.map((why) => `\n    ${why}`).join('')}`)
    }
    const waiting = [...chosen]
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await runOne(next)
    }
    await Promise.all(Array.from({ length: args.audio ? countOf('--jobs', args.jobs) : 1 }, work))
    const failed = runs.filter(({ wrong }) => wrong.length > 0).length
    console.log(`\n场景 scenarios  ${runs.length - failed}/${runs.length}\n${describeCoverage(coverageOf(script, runs.flatMap(({ traces }) => traces)))}`)
    if (failed > 0) process.exitCode = 1
  },
})

export const script = defineCommand({ meta: { name: 'script', description: '话术：校验、打字试聊、覆盖率；草稿、审核、发布、回滚。 Scripts: check, try out by typing, coverage; draft, review, publish, roll back.' }, subCommands: { check, simulate, coverage, ...storedScriptCommands } })

function valuesOf(json: string): Record<string, string> {
  try {
    const values: unknown = JSON.parse(json)
    if (typeof values === 'object' && values !== null && Object.values(values).every((value) => typeof value === 'string')) return values as Record<string, string>
  } catch {
    // The same answer as for JSON of another shape.
  }
  throw new InvalidInputError('--values', '--values 应为 JSON 对象，值都是文字，如 {"name":"张伟"}。 --values must be a JSON object of texts.')
}

async function* linesOf(talk: string): AsyncIterable<string> {
  yield* await Promise.resolve(talk.split('|'))
}

function countOf(option: string, text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > 100) throw new InvalidInputError(option, `${option} 1…100：'${text}'`)
  return count
}
