// The command line: one file per command, one line in the table.
import { defineCommand, runCommand, renderUsage } from 'citty'
import { describeOptions } from '../config.ts'
import { AppError } from '../errors.ts'
import { accessKey } from './access-key.ts'
import { account } from './account.ts'
import { balance } from './balance.ts'
import { call } from './call.ts'
import { callinfo } from './callinfo.ts'
import { conformance } from './conformance.ts'
import { demo } from './demo.ts'
import { digits } from './digits.ts'
import { dnc } from './dnc.ts'
import { doctor } from './doctor.ts'
import { evalCommand } from './eval.ts'
import { hold } from './hold.ts'
import { key } from './key.ts'
import { listen } from './listen.ts'
import { reading } from './reading.ts'
import { models } from './models.ts'
import { report } from './report.ts'
import { say } from './say.ts'
import { script } from './script.ts'
import { softphone } from './softphone.ts'
import { stream } from './stream.ts'
import { task } from './task.ts'
import { transfer } from './transfer.ts'
import { trace } from './trace.ts'
import { trunk } from './trunk.ts'
import { callbackServer } from './callback-server.ts'
import { number } from './number.ts'
import { receipts } from './receipts.ts'
import { ttsTemplate } from './tts-template.ts'
import { voiceFile } from './voice-file.ts'
import { why } from './why.ts'

const subCommands = { demo, call, callinfo, stream, balance, account, key, 'access-key': accessKey, 'tts-template': ttsTemplate, 'callback-server': callbackServer, receipts, 'voice-file': voiceFile, number, trunk, dnc, reading, trace, why, report, doctor, eval: evalCommand, conformance, models, softphone, transfer, listen, say, hold, digits, task, script }

const waihu = defineCommand({
  meta: { name: 'waihu', description: '外呼：一句话加一个号码，就是一通电话。 One sentence and a number become a phone call.' },
  subCommands,
})

const args = process.argv.slice(2)
const first = subCommands[args[0] as keyof typeof subCommands] as typeof waihu | undefined
const second = (first?.subCommands as Record<string, typeof waihu> | undefined)?.[args[1] ?? '']
const named = second ?? first
try {
  if (args.length === 0 || args[0] === '--help' || args[0] === '-h') {
    console.log(await renderUsage(waihu))
    console.log(`\n环境变量 Environment variables:${describeOptions()}`)
  } else if (named && (args.includes('--help') || args.includes('-h'))) {
    console.log(await renderUsage(named, second ? first : waihu))
  } else {
    await runCommand(waihu, { rawArgs: args })
  }
} catch (error) {
  // What a person can act on is one line; anything else is a fault of ours and shows where.
  const expected = error instanceof AppError || (error as Error).name === 'CLIError'
  console.error(expected ? (error as Error).message : error)
  if ((error as Error).name === 'CLIError') console.error(`\n${await renderUsage(named ?? waihu)}`)
  process.exitCode = 1
}
