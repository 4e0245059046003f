import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { defineCommand } from 'citty'
import { getAccount } from '../account/accounts.ts'
import { voiceFileName, voiceFilePrefix } from '../account/voice-files.ts'
import { SAMPLE_RATE_HZ } from '../media/frame.ts'
import { readSound, soundPath } from '../media/sound-file.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const
const folder = (): string => path.join(cliConfig().dataDir, 'sounds')

const list = defineCommand({
  meta: { name: 'list', description: '列出语音文件。 List voice files.' },
  args: accountArg,
  run: async ({ args }) => {
    const prefix = voiceFilePrefix(args.account_id)
    const names = await readdir(folder()).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    for (const name of names.filter((one) => one.startsWith(prefix) && /\.(?:wav|mp3)$/.test(one)).sort()) console.log(name.slice(prefix.length))
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
    const config = cliConfig()
    await withDatabase(config, (db) => getAccount(db.sql, args.account_id))
    const ending = path.extname(args.file).toLowerCase() === '.mp3' ? '.mp3' : '.wav'
    const code = (args.code ?? path.basename(args.file)).replace(/\.(?:wav|mp3)$/i, '')
    const name = voiceFileName(args.account_id, `${code}${ending}`)
    const pcm = await readSound(path.dirname(args.file), path.basename(args.file))
    await mkdir(folder(), { recursive: true })
    // Never half a file under the name that calls play.
    const fresh = path.join(folder(), `.${name}.${process.pid}`)
    await copyFile(args.file, fresh)
    await rename(fresh, path.join(folder(), name))
    console.log(`${code}${ending}  ${(pcm.length / SAMPLE_RATE_HZ).toFixed(1)} s`)
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除语音文件。 Remove a voice file.' },
  args: { ...accountArg, code: { type: 'positional', required: true, description: '编号，见 voice-file list  code from voice-file list' } },
  run: async ({ args }) => {
    await rm(await soundPath(folder(), voiceFileName(args.account_id, args.code)))
    console.log('已删除 removed')
  },
})

export const voiceFile = defineCommand({
  meta: { name: 'voice-file', description: '管理阿里云接口播放的语音文件：list、add、remove。 Manage the voice files of the Alibaba Cloud face.' },
  subCommands: { list, add, remove },
})
