// Tries one trunk without a call: its addresses, OPTIONS, registration, and what all servers of this installation have learnt about it.
import { defineCommand } from 'citty'
import type { Database } from '../db/connection.ts'
import { trunkLoads, trunkNodes, trunkStates } from '../db/trunk-states.ts'
import { healthOf, watchDefaults } from '../dialer/trunk-watch.ts'
import { log } from '../log.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'
import { findingText, ok, warning, type Finding } from './doctor/finding.ts'
import { examineTrunks } from './doctor/trunk.ts'
import { openTrunkProbes } from './doctor/trunk-probes.ts'

export const test = defineCommand({
  meta: { name: 'test', description: '试一条线路：地址、OPTIONS、注册、退避；不打电话。 Try a trunk: addresses, OPTIONS, registration, back-off; no call is placed.' },
  args: { name: { type: 'positional', required: true, description: '线路名，SIP_TRUNK 的线路叫 trunk name; that of SIP_TRUNK is called trunk' }, json: { type: 'boolean', default: false, description: '输出 JSON print JSON' } },
  async run({ args }) {
    if (!process.env['LOG_LEVEL']) log.level = 'silent'
    const config = cliConfig()
    const name = args.name
    await using probes = await openTrunkProbes(config)
    const trunk = (await probes.trunks()).find((one) => one.name === name)
    if (!trunk) throw new CliError(`没有名为 ${name} 的线路，见 trunk list。 There is no trunk ${name}, see trunk list.`)
    // Somebody who tries a trunk that is switched off wants to know whether it would work.
    const one = { ...probes, trunks: () => Promise.resolve([{ ...trunk, enabled: true }]) }
    const findings = await examineTrunks(config, one)
    if (!trunk.enabled) findings.push(warning(`线路 ${name} 已停用，不会用来呼叫`, `trunk ${name} is switched off: no call goes over it`, { zh: `用 waihu trunk enable ${name} 启用。`, en: `Switch it on with waihu trunk enable ${name}.` }))
    findings.push(...(await withDatabase(config, (db) => learnt(db, name, Date.now()))))
    if (args.json) console.log(JSON.stringify({ name, findings }, null, 2))
    else for (const finding of findings) console.log(findingText(finding))
    if (findings.some(({ level }) => level === 'problem')) process.exitCode = 1
  },
})

/** What calls and servers have found out about it. */
export async function learnt(db: Database, name: string, nowMs: number): Promise<Finding[]> {
  const [[state], loads, nodes] = await Promise.all([trunkStates(db.sql, [name]), trunkLoads(db.sql, [name], undefined), trunkNodes(db.sql, name, watchDefaults.nodeKeptMs)])
  const running = loads.reduce((sum, load) => sum + load.running, 0)
  const up = nodes.filter((node) => node.up).length
  const findings: Finding[] = []
  if (nodes.length > 0) findings.push(ok(`${nodes.length} 个运行中的服务里 ${up} 个可用；进行中的通话 ${running}`, `usable from ${up} of ${nodes.length} running servers; ${running} calls under way`))
  const { backOff, suspect, failures } = state ? healthOf(state) : { backOff: undefined, suspect: undefined, failures: [] }
  const last = failures.at(-1)
  const told = last ? `（最近一次失败 ${last.local ?? last.status}，${new Date(last.atMs).toISOString()}）` : ''
  if (backOff && backOff.untilMs > nowMs) {
    const seconds = Math.ceil((backOff.untilMs - nowMs) / 1_000)
    const why = backOff.because === 'retry-after' ? { zh: '线路要求稍后再试', en: 'it asked for that' } : { zh: '连续出错', en: 'it failed several times in a row' }
    findings.push(warning(`退避中，还有 ${seconds} 秒：${why.zh}${told}`, `left alone for another ${seconds} s: ${why.en}`, { zh: '到时会自动再试；修改或重新启用线路会立即重试。', en: 'It is tried again by itself then; changing or enabling the trunk tries it at once.' }))
  }
  if (suspect && suspect.untilMs > nowMs) {
    findings.push(warning(`疑似被封：最近的应答 ${suspect.because}`, `looks blocked: its latest answers are ${suspect.because}`, { zh: '请与线路方核对主叫号码、SIM 卡和余额；其他线路优先使用。', en: 'Ask the carrier about numbers, SIM cards and balance; other trunks are used first.' }))
  }
  return findings
}
