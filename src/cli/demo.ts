import { defineCommand } from 'citty'
import { startApp, type App } from '../app.ts'
import type { Config } from '../config.ts'
import { log } from '../log.ts'
import { ApiClient, apiBase, apiKey, CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { printConversation, printRecord } from './print-conversation.ts'

/** Dialled on the simulated carrier also where trunks are set up: elsewhere it is somebody's telephone. */
const PHONE = '13800138000'
const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

export const demo = defineCommand({
  meta: { name: 'demo', description: '一分钟看懂：打一个模拟电话，看对话、记录、费用和录音。 One simulated call from start to bill.' },
  async run() {
    const config = cliConfig()
    const base = apiBase(process.env, config.dataDir, config.port)
    if (await new ApiClient(base, 'none').isHealthy()) return showCall(new ApiClient(base, apiKey(process.env, config.dataDir)), () => {})
    // What the parts have to say while they start is for operators; the conversation is for the newcomer.
    if (!process.env['LOG_LEVEL']) log.level = 'warn'
    console.log('正在启动服务… Starting the server …')
    await withOwnServer(config, (app, onCall) => showCall(new ApiClient(app.baseUrl, apiKey(process.env, config.dataDir)), onCall))
  },
})

/** Runs a server for as long as `work` takes, or until somebody interrupts the command: it would leave its database running otherwise. */
async function withOwnServer(config: Config, work: (app: App, onCall: (callId: string) => void) => Promise<void>): Promise<void> {
  const starting = new AbortController()
  let app: App | undefined
  let callId: string | undefined
  let leaving = false
  const leave = async (): Promise<void> => {
    if (leaving) return
    leaving = true
    if (app === undefined) return starting.abort(interrupted())
    if (callId !== undefined && app.demo) await app.calls.stop(app.demo.accountId, callId, 'hang-up').catch(() => {})
    await app.stop()
    process.exit(1)
  }
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(event, () => void leave())
  // The starter is gone without being able to say so; perhaps before we could listen.
  process.on('disconnect', () => void leave())
  if (process.connected === false) void leave()
  app = await startApp(config, starting.signal)
  try {
    await work(app, (id) => (callId = id))
  } catch (error) {
    // What breaks because we are leaving is not worth telling.
    throw leaving ? interrupted() : error
  } finally {
    await app.stop()
    leaving = true
    // The channel to the starter, listened to, would keep this process alive.
    if (process.connected) process.disconnect()
  }
}

const interrupted = (): CliError => new CliError('已中断。 Interrupted.')

async function showCall(client: ApiClient, onCall: (callId: string) => void): Promise<void> {
  console.log(`\n拨打 Dialling ${PHONE}：“${REQUIREMENT}”\n`)
  const placed = await client.post('/api/v1/callinfo/initiate_call', { phones: PHONE, user_requirement: REQUIREMENT, line: 'simulated' })
  const callId = (placed['call_ids'] as string[])[0]!
  onCall(callId)
  await printConversation(client, callId)
  console.log('\n通话记录 Record')
  printRecord(await client.post('/api/v1/callinfo/search_callinfo', { call_id: callId }))
  const balance = await client.get('/api/v1/account/balance')
  console.log(`  余额 balance        ${String(balance['balance'])} RMB`)
  console.log(`
哪些是模拟的 What is simulated
  · 被叫和运营商是本机的另一个进程，但 SIP、RTP 和语音都是真的：对话由语音识别得到，没有旁路。
    The callee and the carrier are another process on this machine; SIP, RTP and speech are real, and nothing is handed over beside the audio.
  · 内置识别只听得懂模拟被叫；打给真人请接入真实线路和识别服务（见 README）。
    The built-in recogniser understands simulated callees only; for people connect a trunk and a recogniser (see README).
  · 内置合成是 eSpeak，听起来像机器。 The built-in voice is eSpeak and sounds robotic.
下一步 Next: npm start，然后 scripts/callout.sh ${PHONE} "…"`)
}
