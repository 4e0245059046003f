import { createReadStream } from 'node:fs'
import path from 'node:path'
import { defineCommand } from 'citty'
import { getAccount } from '../account/accounts.ts'
import { VoiceFileDesk } from '../voice-file-desk.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const
const desk = (): VoiceFileDesk => new VoiceFileDesk(path.join(cliConfig().dataDir, 'sounds'))

const list = defineCommand({
  meta: { name: 'list', description: '列出语音文件。 List voice files.' },
  args: accountArg,
  run: async ({ args }) => {
    for (const { code, bytes } of await desk().list(args.account_id)) console.log(`${code}  ${Math.ceil(bytes / 1_024)} kB`)
  },
})

const add = defineCommand({
  meta: { name: 'add', description: '加入语音文件（WAV 或 MP3，最长 5 分钟）。 Add a voice file: WAV or MP3, at most 5 minutes.' },
  args: {
    ...accountArg,
    file: { type: 'positional', required: true, description: '本机上的文件 the file' },
    code: { type: 'string', description: '编号，默认用文件名 its code, by default the name of the file' },
  },
  run: async ({ args }) => {
    await withDatabase(cliConfig(), (db) => getAccount(db.sql, args.account_id))
    const { code, ms } = await desk().add(args.account_id, args.code ?? path.basename(args.file), createReadStream(args.file))
    console.log(`${code}  ${(ms / 1_000).toFixed(1)} s`)
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除语音文件。 Remove a voice file.' },
  args: { ...accountArg, code: { type: 'positional', required: true, description: '编号，见 voice-file list  code from voice-file list' } },
  run: async ({ args }) => {
    await desk().remove(args.account_id, args.code)
    console.log('已删除 removed')
  },
})

export const voiceFile = defineCommand({
  meta: { name: 'voice-file', description: '管理阿里云接口播放的语音文件：list、add、remove。 Manage the voice files of the Alibaba Cloud face.' },
  subCommands: { list, add, remove },
})
