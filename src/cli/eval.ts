import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { defineCommand } from 'citty'
import type { Config } from '../config.ts'
import { InvalidInputError } from '../errors.ts'
import { AudioLab } from '../eval/audio-lab.ts'
import { evaluate, type Run, summarise } from '../eval/evaluate.ts'
import { LoopbackModel, mannersOf } from '../eval/loopback-model.ts'
import type { RunRecord } from '../eval/record.ts'
import { html } from '../eval/report-html.ts'
import { describeRun, describeSummary, junit, nameOf } from '../eval/report-text.ts'
import { type ModelEndpoint, type RobotMaker, robotMaker } from '../eval/robots.ts'
import { loadScenarios, type Scenario } from '../eval/scenario.ts'
import { runInText } from '../eval/text-call.ts'
import { variationOf } from '../eval/variation.ts'
import { log } from '../log.ts'
import { openAsr, openTts, voiceOf } from '../speech-options.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { cliConfig } from './context.ts'

/** Calls of sound at once on a machine of its own; more is asked for by --jobs. */
const audioJobs = () => Math.min(12, 6 * availableParallelism())

export const evalCommand = defineCommand({
  meta: { name: 'eval', description: '用场景检验机器人：文字或真实语音。 Score conversations against scenarios, in text or over real SIP and audio.' },
  args: {
    folder: { type: 'positional', default: 'scenarios', description: '场景文件夹或文件 folder of scenarios, or one file' },
    audio: { type: 'boolean', default: false, description: '走真实 SIP/RTP 与语音，实时 over real SIP, RTP and speech, in real time' },
    robot: { type: 'string', default: 'rules', description: 'rules；model（用 LLM_BASE_URL）；loopback[:leaks,claims-human,invents,obeys|all] rules, the configured model, or the built-in one, misbehaving if asked' },
    filter: { type: 'string', description: '只跑编号、标题或标签含此文字的场景 only scenarios whose id, title or tags hold this (or /regex/)' },
    jobs: { type: 'string', description: '同时进行几个 so many at once' },
    repeat: { type: 'string', default: '1', description: '每个场景几遍，第二遍起略有变化 so many times each; varied from the second on' },
    seed: { type: 'string', default: '1', description: '变化的种子 seed of the variation' },
    report: { type: 'string', description: '写报告的文件夹：index.html、junit.xml、录音 folder for index.html, junit.xml and recordings' },
    junit: { type: 'string', description: 'JUnit 文件 JUnit file' },
    verbose: { type: 'boolean', default: false, description: '通过的也列出 list what passed, too' },
  },
  async run({ args }) {
    if (!process.env['LOG_LEVEL']) log.level = 'error'
    const config = cliConfig()
    const [repeat, seed] = [wholeNumber('--repeat', args.repeat, 1, 10_000), wholeNumber('--seed', args.seed, 0, 2 ** 31)]
    const jobs = args.jobs === undefined ? (args.audio ? audioJobs() : 8) : wholeNumber('--jobs', args.jobs, 1, 500)
    const scenarios = chosen(loadScenarios(args.folder), args.filter)
    const leaving = new AbortController()
    process.once('SIGINT', () => leaving.abort())
    await using stack = new AsyncDisposableStack()
    const make = robotMaker(await endpointOf(args.robot, config, stack))
    const report = args.report === undefined ? undefined : path.resolve(args.report)
    if (report !== undefined) await mkdir(path.join(report, 'recordings'), { recursive: true })
    const recordingOf = ({ scenario, repeat: index }: Pick<Run, 'scenario' | 'repeat'>): string => `recordings/${scenario.id.replaceAll(/[^\p{L}\p{N}-]+/gu, '_')}-${index + 1}.wav`

    const hold = args.audio
      ? await holdInAudio(config, stack, make, seed, leaving.signal, (one) => (report === undefined ? undefined : path.join(report, recordingOf(one))))
      : holdInText(make, seed)
    const startedMs = performance.now()
    const onRun = (run: Run): void => {
      const text = describeRun(run, args.verbose)
      if (text !== '') console.log(text)
    }
    const runs = await evaluate({ scenarios, repeat, jobs, hold, onRun, signal: leaving.signal })
    const wallMs = performance.now() - startedMs
    const summary = summarise(runs)
    console.log(`\n${describeSummary(summary, runs, wallMs)}`)
    const xml = junit(runs, summary, wallMs)
    if (args.junit !== undefined) await writeFile(args.junit, xml)
    if (report !== undefined) {
      const what = `${args.folder} · ${args.audio ? '语音 audio' : '文字 text'} · ${args.robot} · seed ${seed}`
      await writeFile(path.join(report, 'junit.xml'), xml)
      await writeFile(path.join(report, 'index.html'), html(runs, summary, { what, wallMs, recordingOf: (run) => (run.record.audio?.recording === undefined ? undefined : recordingOf(run)) }))
      console.log(`报告 report  ${path.join(report, 'index.html')}`)
    }
    // A run that was broken off has shown nothing.
    if (summary.failedRuns > 0 || leaving.signal.aborted) process.exitCode = 1
  },
})

type Hold = (scenario: Scenario, repeat: number) => Promise<RunRecord>

function holdInText(make: RobotMaker, seed: number): Hold {
  return (scenario, repeat) => runInText({ scenario, variation: variationOf(seed, scenario.id, repeat), robot: (sinceAnswerMs) => make(scenario, { callId: nameOf({ scenario, repeat }), sinceAnswerMs, log }) })
}

async function holdInAudio(config: Config, stack: AsyncDisposableStack, robot: RobotMaker, seed: number, signal: AbortSignal, recordingPath: (run: Pick<Run, 'scenario' | 'repeat'>) => string | undefined): Promise<Hold> {
  const asr = stack.use(openAsr(config))
  const tts = stack.use(new SynthesisCache(openTts(config)))
  const lab = stack.use(await AudioLab.start({ asr, tts, voice: voiceOf(config), portMin: config.rtpPortMin, portMax: config.rtpPortMax, log }))
  return (scenario, repeat) => lab.hold(scenario, { robot, variation: variationOf(seed, scenario.id, repeat), recordingPath: recordingPath({ scenario, repeat }), signal })
}

/** Undefined for the rules. Errors: InvalidInputError for a robot that nobody knows, or a model that is not configured. */
async function endpointOf(robot: string, config: Config, stack: AsyncDisposableStack): Promise<ModelEndpoint | undefined> {
  if (robot === 'rules') return undefined
  if (robot === 'loopback' || robot.startsWith('loopback:')) return stack.use(await LoopbackModel.start(mannersOf(robot))).endpoint
  if (robot !== 'model') throw new InvalidInputError('--robot', `--robot ${robot} 不认识：rules、model、loopback 或 loopback:all。 --robot ${robot} is not known: rules, model, loopback or loopback:all.`)
  if (config.llmBaseUrl === undefined) throw new InvalidInputError('--robot', '--robot model 需要 LLM_BASE_URL（以及 LLM_API_KEY、LLM_MODEL）。 --robot model needs LLM_BASE_URL (and LLM_API_KEY, LLM_MODEL).')
  return { baseUrl: config.llmBaseUrl, apiKey: config.llmApiKey, model: config.llmModel }
}

function chosen(scenarios: readonly Scenario[], filter: string | undefined): Scenario[] {
  const found = scenarios.filter(filter === undefined ? () => true : matcher(filter))
  if (found.length === 0) throw new InvalidInputError('--filter', `没有场景符合 ${filter}。 No scenario matches ${filter}.`)
  return found
}

function matcher(filter: string): (scenario: Scenario) => boolean {
  const regex = /^\/(.+)\/$/su.exec(filter)
  let found: (text: string) => boolean
  try {
    const pattern = regex && new RegExp(regex[1]!, 'u')
    found = pattern ? (text) => pattern.test(text) : (text) => text.includes(filter)
  } catch (error) {
    throw new InvalidInputError('--filter', `--filter ${filter} 不是正则表达式。 --filter ${filter} is no pattern: ${(error as Error).message}`)
  }
  return ({ id, title, tags }) => [id, title, ...tags].some(found)
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) throw new InvalidInputError(option, `${option} ${min}…${max}: '${text}'`)
  return value
}
