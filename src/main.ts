// `npm start`: the server until it is told to stop. Prints what a newcomer needs on stdout; logs go to stderr.
import { startApp, type App } from './app.ts'
import { describeOptions, readConfig } from './config.ts'
import { AppError } from './errors.ts'
import { log } from './log.ts'
import { withSettings } from './settings-file.ts'

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  console.log(`用法 Usage: npm start\n\n环境变量 Environment variables:${describeOptions()}`)
  process.exit(0)
}

let app: App | undefined
let stopping = false
const starting = new AbortController()

async function stop(why: string): Promise<void> {
  if (stopping) return
  stopping = true
  log.info({ why }, 'stopping')
  // Still starting: the start gives up, stops what it has started, and ends the process below.
  if (app === undefined) return starting.abort(new Error(`stopped while starting: ${why}`))
  try {
    await app.stop()
    process.exit(0)
  } catch (error) {
    log.fatal({ err: error }, 'did not stop cleanly')
    process.exit(1)
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal))
// The starter is gone without being able to say so; perhaps before we could listen, while this program was being loaded.
process.on('disconnect', () => void stop('starter is gone'))
if (process.connected === false) void stop('starter is gone')
process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))

try {
  app = await startApp(readConfig(withSettings(process.env)), starting.signal)
  if (starting.signal.aborted) {
    await app.stop()
    process.exit(0)
  }
  printWelcome(app)
} catch (error) {
  if (stopping) process.exit(0)
  if (error instanceof AppError) console.error(error.message)
  else log.fatal({ err: error }, 'did not start')
  process.exit(1)
}

function printWelcome({ baseUrl, demo, carrier, trunks, config }: App): void {
  console.log(`
外呼已启动 waihu is up    ${baseUrl}    接口文档 API docs ${baseUrl}/docs`)
  if (demo) console.log(`演示账户密钥 Demo key    ${demo.created ? demo.apiKey : `${config.dataDir}/demo-account.json`}${demo.created ? `    （已保存 kept in ${config.dataDir}/demo-account.json）` : ''}`)
  if (trunks.length > 0) console.log(`线路 Line                ${trunks.join('、')}    （见 waihu trunk list）`)
  else if (carrier) console.log('线路 Line                模拟运营商，号码表见 README  simulated carrier, numbers in README')
  console.log(`试一试 Try                ${baseUrl === 'http://127.0.0.1:8080' ? '' : `STEPONEAI_API_BASE=${baseUrl} `}scripts/callout.sh 13800138000 "通知张总明天上午9点在三楼会议室开会"
`)
}
