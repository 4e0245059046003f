import { defineCommand } from 'citty'
import { cases } from '../conformance/cases/index.ts'
import type { Result } from '../conformance/case.ts'
import { ownGaps } from '../conformance/own-gaps.ts'
import { countOf, json, summary, table } from '../conformance/report.ts'
import { runCases, type RunOptions } from '../conformance/run.ts'
import { InvalidInputError } from '../errors.ts'
import { log } from '../log.ts'
import { startOwnServer } from './conformance/own-server.ts'
import { targetFlags, targetOf, type TargetFlags } from './conformance/target-flags.ts'

export const conformance = defineCommand({
  meta: { name: 'conformance', description: '检验一个阿里云语音接口是否符合公布的文档；不写地址则检验本程序。 Check an endpoint of the Alibaba Cloud voice API against the published documents; without one, this program.' },
  args: {
    endpoint: { type: 'positional', required: false, description: 'http://主机:端口 host:port' },
    ...targetFlags,
    receipts: { type: 'boolean', default: false, description: '回执也发到 --callbacks 的 /receipts receipts are sent to /receipts of --callbacks' },
    patient: { type: 'boolean', default: false, description: '也检验一分钟后的重发 also wait for receipts that are sent again after a minute' },
    calls: { type: 'boolean', default: true, description: '--no-calls：不拨打电话 calls nobody' },
    filter: { type: 'string', description: '只跑编号含此文字的 only cases whose id holds this' },
    list: { type: 'boolean', default: false, description: '只列出各项及其出处 only list the cases with their source pages' },
    json: { type: 'boolean', default: false, description: '输出 JSON' },
  },
  async run({ args }) {
    const chosen = cases.filter(({ id }) => args.filter === undefined || id.includes(args.filter))
    if (chosen.length === 0) throw new InvalidInputError('--filter', `没有哪一项的编号含 ${args.filter}。 No case's id holds ${args.filter}.`)
    if (args.list) {
      for (const { id, title, page } of chosen) console.log(`${id}\t${title}\t${page.title} (${page.segment})`)
      return
    }
    if (!process.env['LOG_LEVEL']) log.level = 'error'
    const leaving = new AbortController()
    for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(event, () => leaving.abort())
    await using stack = new AsyncDisposableStack()
    const whose = args.endpoint === undefined ? await own(stack, leaving.signal) : others(args.endpoint, args)
    const target = { ...whose.target, patient: args.patient, ...(!args.calls && { callees: {} }) }
    const told = Promise.withResolvers<never>()
    leaving.signal.addEventListener('abort', () => told.reject(new InvalidInputError('SIGINT', '已中断。 Interrupted.')))
    const results = await Promise.race([runCases({ ...whose, target, cases: chosen, onResult: progress(chosen.length) }), told.promise])
    if (process.stderr.isTTY) process.stderr.write('\r')
    console.log(args.json ? json(target.endpoint, results) : `${table(results)}\n\n${target.endpoint}  ${summary(results)}`)
    // Nothing tried is nothing shown.
    const count = countOf(results)
    if (count.fail > 0 || count.pass === 0) process.exitCode = 1
  },
})

type Whose = Pick<RunOptions, 'target' | 'gaps' | 'onListening'>

async function own(stack: AsyncDisposableStack, signal: AbortSignal): Promise<Whose> {
  console.error('正在启动本程序和模拟线路… Starting this program with its simulated carrier …')
  const { target, onListening } = stack.use(await startOwnServer(signal))
  return { target, onListening, gaps: ownGaps }
}

function others(endpoint: string, flags: TargetFlags): Whose {
  return {
    target: targetOf(endpoint, flags, process.env),
    onListening({ url, receiptsUrl }) {
      console.error(`回调 callbacks  ${url}\n回执 receipts   ${receiptsUrl}`)
      return Promise.resolve()
    },
  }
}

/** For whoever watches: calls take their time. */
function progress(of: number): (result: Result) => void {
  let done = 0
  return () => {
    done += 1
    if (process.stderr.isTTY) process.stderr.write(`\r${done}/${of} `)
  }
}
