// Knows how a model of the catalogue becomes a folder here: downloaded, unpacked, looked through, and only then moved to its place. Does not know the engine.
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../errors.ts'
import { modelKinds, noteFile, readModelFolder } from '../sherpa/model-folder.ts'
import type { CatalogueModel } from './catalogue.ts'
import { download, type DownloadLimits, type Progress } from './download.ts'

export type InstallOptions = {
  /** Folder of all models. */
  dir: string
  /** Put in the place of the address of the project's releases: a mirror of them. */
  from?: string | undefined
  /** Asked once for each file without a known sum; false leaves the model uninstalled. */
  trusts: (file: { url: string; sha256: string; bytes: number }) => Promise<boolean>
  onProgress?: ((file: string, progress: Progress) => void) | undefined
  signal?: AbortSignal | undefined
  limits?: Partial<DownloadLimits> | undefined
}

const releases = 'https://github.com/k2-fsa/sherpa-onnx/releases/download'
const archivePattern = /\.(?:tar\.(?:bz2|gz|xz)|tgz)$/

export class InstallError extends AppError {
  override name = 'InstallError'
  constructor(message: string, options?: ErrorOptions) {
    super('install-failed', message, options)
  }
}

/** Returns the model's folder. What is installed already stays in use until the new one is complete. Errors: DownloadError, InstallError. */
export async function installModel(model: CatalogueModel, options: InstallOptions): Promise<string> {
  const { dir, from, trusts, onProgress, signal, limits } = options
  const work = path.join(dir, '.download', model.name)
  const fresh = path.join(work, 'fresh', model.name)
  const files = model.files.map((file) => ({ ...file, url: from === undefined ? file.url : file.url.replace(releases, from.replace(/\/$/, '')), dest: path.join(work, path.basename(new URL(file.url).pathname)) }))
  const sums: { url: string; sha256: string }[] = []
  for (const file of files) {
    const { sha256, bytes } = await download(file, file.dest, { onProgress: (progress) => onProgress?.(path.basename(file.dest), progress), ...(signal ? { signal } : {}), ...(limits ? { limits } : {}) })
    if (file.sha256 === undefined && !(await trusts({ url: file.url, sha256, bytes }))) throw new InstallError(`没有安装：${path.basename(file.dest)} 的校验值没有得到确认。 Not installed: the sum of ${path.basename(file.dest)} was not confirmed (SHA-256 ${sha256})`)
    sums.push({ url: file.url, sha256 })
  }
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  for (const { dest } of files) {
    if (archivePattern.test(dest)) await unpack(dest, fresh)
    else await copyFile(dest, path.join(fresh, path.basename(dest)))
  }
  await writeFile(path.join(fresh, noteFile), JSON.stringify({ kind: model.kind, name: model.name, licence: model.licence, files: sums }, null, 2))
  const read = readModelFolder(fresh, modelKinds[model.kind].role)
  if (!read.ok) throw new InstallError(read.reason)
  const place = path.join(dir, model.name)
  await rm(`${place}.old`, { recursive: true, force: true })
  await rename(place, `${place}.old`).catch(() => {})
  await rename(fresh, place)
  await Promise.all([rm(`${place}.old`, { recursive: true, force: true }), rm(work, { recursive: true, force: true })])
  return place
}

/** The archive's only folder becomes the model's. tar refuses names that lead out of it. */
async function unpack(archive: string, into: string): Promise<void> {
  const temporary = `${into}.unpacked`
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true })
  await tar(['-x', '-f', archive, '-C', temporary, '--no-same-owner'])
  const entries = await readdir(temporary, { withFileTypes: true })
  const root = entries.length === 1 && entries[0]!.isDirectory() ? path.join(temporary, entries[0]!.name) : temporary
  for (const name of await readdir(root)) await rename(path.join(root, name), path.join(into, name))
  await rm(temporary, { recursive: true, force: true })
}

async function tar(args: readonly string[]): Promise<void> {
  const child = spawn('tar', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-500)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(new InstallError('解压需要 tar 和 bzip2：请先安装。 Unpacking needs tar and bzip2: install them', { cause })))
    child.once('close', resolve)
  })
  if (code === 0) return
  const missing = /bzip2.*(?:exec|not found|No such)/i.test(said)
  throw new InstallError(`${missing ? '解压需要 bzip2：请先安装。 Unpacking needs bzip2: install it' : '解压失败，文件可能已损坏。 The archive could not be unpacked'} (${said.trim().split('\n')[0] ?? code})`)
}
