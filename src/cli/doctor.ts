import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from 'citty'
import { readConfig, type Config } from '../config.ts'
import { InvalidInputError } from '../errors.ts'
import { log } from '../log.ts'
import { withSettings } from '../settings-file.ts'
import { openAsr, openTts } from '../speech-options.ts'
import { examineClock, examineDatabase, realClock, realDatabase } from './doctor/database.ts'
import { examine, findingText, problem, type Check, type Examined, type Finding } from './doctor/finding.ts'
import { examineLanguageModel, realLanguageModel } from './doctor/language-model.ts'
import { examineDataFolder, examineNode, examineOpenFiles, examineParts, realMachine } from './doctor/machine.ts'
import { examineAddresses, examineHttpPort, examineRtpPorts, examineSipPort, realNetwork } from './doctor/network.ts'
import { examineRecordings } from './doctor/recordings.ts'
import { examineSpeech } from './doctor/speech.ts'
import { openTrunkProbes } from './doctor/trunk-probes.ts'
import { examineTrunks, trunkAddress, type TrunkProbes } from './doctor/trunk.ts'

/** Who still holds the process back this long after the last result is left behind. */
const LEAVE_MS_MAX = 3_000

async function withTrunkProbes<T>(config: Config, examine: (probes: TrunkProbes) => Promise<T>): Promise<T> {
  await using probes = await openTrunkProbes(config)
  return await examine(probes)
}

/** All run at once: the slowest one is how long the doctor takes. */
export const checks: readonly Check[] = [
  { name: 'node', zh: '程序', en: 'Program', msMax: 5_000, run: (config) => examineNode(config, realMachine) },
  { name: 'parts', zh: '组件', en: 'Parts', msMax: 10_000, run: (config) => examineParts(config, realMachine) },
  { name: 'data-folder', zh: '数据目录', en: 'Data folder', msMax: 5_000, run: (config) => examineDataFolder(config, realMachine) },
  { name: 'open-files', zh: '文件数', en: 'Open files', msMax: 5_000, run: (config) => examineOpenFiles(config, realMachine) },
  { name: 'database', zh: '数据库', en: 'Database', msMax: 15_000, run: (config) => examineDatabase(config, realDatabase) },
  { name: 'clock', zh: '时钟', en: 'Clock', msMax: 15_000, run: (config) => examineClock(config, realClock) },
  { name: 'http-port', zh: 'HTTP 端口', en: 'HTTP port', msMax: 8_000, run: (config) => examineHttpPort(config, realNetwork) },
  { name: 'sip-port', zh: 'SIP 端口', en: 'SIP port', msMax: 30_000, run: async (config) => await withTrunkProbes(config, async (probes) => await examineSipPort(config, realNetwork, (await trunkAddress(probes)) !== undefined)) },
  { name: 'rtp-ports', zh: 'RTP 端口', en: 'RTP ports', msMax: 5_000, run: (config) => examineRtpPorts(config, realNetwork) },
  { name: 'addresses', zh: '地址', en: 'Addresses', msMax: 30_000, run: async (config) => await withTrunkProbes(config, async (probes) => examineAddresses(config, await trunkAddress(probes))) },
  { name: 'trunk', zh: '线路', en: 'Trunks', msMax: 45_000, run: async (config) => await withTrunkProbes(config, async (probes) => await examineTrunks(config, probes)) },
  { name: 'recordings', zh: '录音', en: 'Recordings', msMax: 30_000, run: (config) => examineRecordings(config) },
  { name: 'speech', zh: '语音', en: 'Speech', msMax: 30_000, run: (config) => examineSpeech(config, { openAsr, openTts, pause: (ms) => sleep(ms) }) },
  { name: 'language-model', zh: '大模型', en: 'Language model', msMax: 15_000, run: (config) => examineLanguageModel(config, realLanguageModel) },
]

export const doctor = defineCommand({
  meta: { name: 'doctor', description: '检查本机、线路、数据库和语音，并说明怎么修。 Check machine, trunk, database and speech, and say what to fix.' },
  args: { json: { type: 'boolean', default: false, description: '输出 JSON print JSON' } },
  async run({ args }) {
    if (!process.env['LOG_LEVEL']) log.level = 'silent'
    const config = configOr((findings) => {
      report([{ check: 'options', zh: '配置', en: 'Options', ms: 0, findings }], args.json)
    })
    if (config === undefined) return
    const results: Examined[] = []
    for await (const result of examine(checks, config)) {
      results.push(result)
      if (!args.json) print(result)
    }
    report(results, args.json)
    setTimeout(() => process.exit(), LEAVE_MS_MAX).unref()
  },
})

function configOr(bad: (findings: Finding[]) => void): Config | undefined {
  try {
    return readConfig(withSettings(process.env))
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    const findings = error.items.map(({ value, reason }) => problem(`${value} 不对：${reason}`, `${value} is wrong: ${reason}`, { zh: '见 npm run waihu -- --help。', en: 'See npm run waihu -- --help.' }))
    if (findings.length === 0) throw error
    bad(findings)
    return undefined
  }
}

function print({ zh, en, findings }: Examined): void {
  for (const finding of findings) console.log(findingText(finding, `${zh} ${en}: `))
}

/** What it all comes to; the exit code is 1 when there are problems. */
function report(results: readonly Examined[], json: boolean): void {
  const count = (level: Finding['level']): number => results.reduce((sum, { findings }) => sum + findings.filter((finding) => finding.level === level).length, 0)
  const [problems, warnings] = [count('problem'), count('warning')]
  if (problems > 0) process.exitCode = 1
  if (json) return console.log(JSON.stringify({ ok: problems === 0, problems, warnings, checks: results }, null, 2))
  if (results.length === 1) results.forEach(print)
  if (problems > 0) console.log(`\n${problems} 个问题要先解决，${warnings} 个提醒。 ${problems} problem${problems === 1 ? '' : 's'} to fix, ${warnings} warning${warnings === 1 ? '' : 's'}.`)
  else console.log(`\n没有问题，${warnings} 个提醒。 No problems, ${warnings} warning${warnings === 1 ? '' : 's'}.`)
}
