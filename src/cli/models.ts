// The commands about speech models on this machine: what there is, download, check, use.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { defineCommand } from 'citty'
import type { Config } from '../config.ts'
import { log } from '../log.ts'
import { readSettings, writeSettings } from '../settings-file.ts'
import { modelFolder, modelsDir } from '../speech-options.ts'
import { readCatalogue, type CatalogueModel } from '../speech/models/catalogue.ts'
import { checkModel } from '../speech/models/check.ts'
import type { Progress } from '../speech/models/download.ts'
import { installModel } from '../speech/models/install.ts'
import { modelKinds, modelRoles, readModelFolder, type ModelRole } from '../speech/sherpa/model-folder.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'

const roleWords = { asr: '识别 recognition', tts: '合成 voice', vad: '人声检测 voice activity' } as const satisfies Record<ModelRole, string>
/** Option of the server → its provider that runs models here. */
const providers = { asr: 'sherpa', tts: 'sherpa', vad: 'silero' } as const satisfies Record<ModelRole, string>
const name = { type: 'positional', required: true, description: '模型名 name of a model' } as const

const list = defineCommand({
  meta: { name: 'list', description: '可用的模型：大小、许可、是否已下载、是否在用。 Models: size, licence, whether downloaded and in use.' },
  run() {
    const config = cliConfig()
    const chosen = readSettings(config.dataDir)
    for (const model of readCatalogue()) {
      const { role } = modelKinds[model.kind]
      const state = chosen[`${role.toUpperCase()}_MODEL`] === model.name ? '在用 in use' : existsSync(path.join(modelsDir(config), model.name)) ? '已下载 downloaded' : ''
      console.log(`${model.name}${state && `    [${state}]`}\n    ${roleWords[role]}，${sizeOf(model)}，${model.licence}\n    ${model.about}`)
    }
  },
})

const download = defineCommand({
  meta: { name: 'download', description: '下载一个模型，断了可以接着下，校验后才放到位。 Download a model; goes on where it broke off; checked before it is put in place.' },
  args: {
    name,
    from: { type: 'string', description: '镜像地址，代替 github.com 上的发布页 mirror of the releases page, up to and with …/releases/download' },
    yes: { type: 'boolean', default: false, description: '目录里没有校验值时也接受 accept files whose sum the catalogue does not know' },
    check: { type: 'boolean', default: true, description: '下载后试运行（--no-check 跳过） try it after the download' },
  },
  async run({ args }) {
    quiet()
    const config = cliConfig()
    const model = known(args.name)
    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort(new CliError('已停止，再次运行会接着下载。 Stopped; run it again to go on.')))
    const tell = progressLine()
    const dir = await installModel(model, {
      dir: modelsDir(config),
      from: args.from,
      signal: stop.signal,
      onProgress: tell,
      trusts: async ({ url, sha256, bytes }) => {
        console.log(`\n${url}\n  ${bytes} bytes, SHA-256 ${sha256}\n目录里没有它的校验值。 The catalogue does not know its sum.`)
        return args.yes || (await confirmed('相信这个文件吗？ Trust this file? [y/N] '))
      },
    })
    console.log(`\n已安装 installed: ${dir}\n许可 licence: ${model.licence}`)
    if (args.check) await tried(config, dir, modelKinds[model.kind].role)
    console.log(`使用 use it: waihu models use ${model.name}`)
  },
})

const check = defineCommand({
  meta: { name: 'check', description: '在单独的进程里装载并试运行一个模型。 Load a model in a process of its own and have it work.' },
  args: { name: { ...name, description: '模型名或文件夹 name of a model, or its folder' } },
  async run({ args }) {
    quiet()
    const config = cliConfig()
    const dir = modelFolder(config, args.name)!
    await tried(config, dir, roleOf(dir))
  },
})

const use = defineCommand({
  meta: { name: 'use', description: '下次启动时用这个模型（先试运行）。 Use a model from the next start on; it is tried first.' },
  args: { name: { ...name, description: '模型名或文件夹；builtin、espeak、energy 换回内置的 name of a model, or its folder; builtin, espeak or energy go back to the built-in one' } },
  async run({ args }) {
    quiet()
    const config = cliConfig()
    const back = { builtin: 'ASR', espeak: 'TTS', energy: 'VAD' }[args.name]
    if (back !== undefined) {
      console.log(`已写入 written to ${writeSettings(config.dataDir, { [back]: '', [`${back}_MODEL`]: '' })}`)
      return
    }
    const dir = modelFolder(config, args.name)!
    const role = roleOf(dir)
    await tried(config, dir, role)
    const option = role.toUpperCase()
    const file = writeSettings(config.dataDir, { [option]: providers[role], [`${option}_MODEL`]: args.name.includes('/') ? dir : args.name })
    console.log(`已写入 written to ${file}: ${option}=${providers[role]}, ${option}_MODEL=${args.name}\n重启服务后生效。 In force from the next start of the server.`)
    if (process.env[option] || process.env[`${option}_MODEL`]) console.log(`注意：环境变量 ${option} 优先。 Note: ${option} of the environment wins.`)
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除已下载的模型。 Delete a downloaded model.' },
  args: { name },
  async run({ args }) {
    const config = cliConfig()
    known(args.name)
    const option = modelRoles.map((role) => role.toUpperCase()).find((option) => readSettings(config.dataDir)[`${option}_MODEL`] === args.name)
    if (option !== undefined) throw new CliError(`${args.name} 正在使用：先换一个。 ${args.name} is in use: choose another one first`)
    await Promise.all([path.join(modelsDir(config), args.name), path.join(modelsDir(config), '.download', args.name)].map((dir) => rm(dir, { recursive: true, force: true })))
    console.log('已删除 removed')
  },
})

export const models = defineCommand({
  meta: { name: 'models', description: '本机的语音模型：查看、下载、检查、使用。 Speech models on this machine: list, download, check, use.' },
  subCommands: { list, download, check, use, remove },
})

function known(wanted: string): CatalogueModel {
  const all = readCatalogue()
  const model = all.find(({ name }) => name === wanted)
  if (!model) throw new CliError(`没有名为 ${wanted} 的模型。 There is no model named ${wanted}: ${all.map(({ name }) => name).join(', ')}`)
  return model
}

function roleOf(dir: string): ModelRole {
  const reads = modelRoles.map((role) => ({ role, read: readModelFolder(dir, role) }))
  const found = reads.find(({ read }) => read.ok)
  if (found) return found.role
  // Of the three refusals the one that is about the folder and not about its role.
  const reasons = reads.map(({ read }) => (read.ok ? '' : read.reason))
  throw new CliError(reasons.find((reason) => !/ is a model for /.test(reason)) ?? reasons[0]!)
}

/** Errors: CliError with the reason when the model does not work. */
async function tried(config: Config, dir: string, role: ModelRole): Promise<void> {
  const result = await checkModel(dir, role, { engine: config.sherpaEngine })
  if (!result.ok) throw new CliError(`模型不能用 The model does not work: ${result.reason}`)
  const slow = result.share > 0.5 ? '    太慢，通话会卡顿 too slow for calls' : ''
  console.log(`可用 works: 装载 loaded in ${(result.loadMs / 1_000).toFixed(1)} s，每秒声音用时 time for each second of sound ${result.share.toFixed(3)} s${slow}`)
}

function quiet(): void {
  if (!process.env['LOG_LEVEL']) log.level = 'silent'
}

function sizeOf({ files }: CatalogueModel): string {
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? Number.NaN), 0)
  return Number.isNaN(bytes) ? '大小未知 size unknown' : `${Math.round(bytes / 1e6)} MB`
}

/** One line that is written over; on something that is no terminal a line for each tenth. */
function progressLine(): (file: string, progress: Progress) => void {
  let last = ''
  return (file, { doneBytes, totalBytes }) => {
    const share = totalBytes === undefined ? undefined : doneBytes / totalBytes
    const mark = process.stderr.isTTY ? `${file}${Math.floor(doneBytes / 1e6)}` : `${file}${share === undefined ? Math.floor(doneBytes / 5e7) : Math.floor(share * 10)}`
    if (mark === last) return
    last = mark
    const text = `${file}: ${(doneBytes / 1e6).toFixed(1)}${totalBytes === undefined ? '' : ` / ${(totalBytes / 1e6).toFixed(1)}`} MB${share === undefined ? '' : ` (${Math.floor(share * 100)}%)`}`
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[2K${text}` : `${text}\n`)
  }
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(?:es)?$/i.test((await lines.question(question)).trim())
  } finally {
    lines.close()
  }
}
