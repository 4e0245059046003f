// Runs a TypeScript entry point on the pinned Node, installing dependencies first when they are missing or stale.
// Plain JavaScript on purpose: it must run on any Node ≥ 18, before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, 'node_modules')
const stampFile = path.join(modules, '.waihu-installed')
const lockDir = path.join(root, '.installing')
const lockOwner = path.join(lockDir, 'pid')
const nodeBinary = path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const INSTALL_MS_MAX = 15 * 60_000

/** What node_modules was made from: changes with the lockfile and the platform. */
function wantedStamp() {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex')
}

function isInstalled() {
  return existsSync(nodeBinary) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp()
}

function dropInstallLock() {
  rmSync(lockDir, { recursive: true, force: true })
}

/** Whether the process that made the lock still installs: one that was killed could not remove it. */
function lockIsHeld() {
  try {
    const age = Date.now() - statSync(lockDir).mtimeMs
    // Between making the folder and writing the number into it.
    if (!existsSync(lockOwner)) return age < 5_000
    if (age > INSTALL_MS_MAX) return false
    process.kill(Number(readFileSync(lockOwner, 'utf8')), 0)
    return true
  } catch (error) {
    // Another user's process may not be asked, but it is there.
    return error.code === 'EPERM'
  }
}

/** True when this process is to install; false after another process did. */
async function takeInstallLock() {
  for (let told = false; ; told = true) {
    try {
      mkdirSync(lockDir)
      writeFileSync(lockOwner, String(process.pid))
      // The one before may have finished between our look at node_modules and our taking the lock.
      if (!isInstalled()) return true
      dropInstallLock()
      return false
    } catch (error) {
      if (error.code !== 'EEXIST') {
        console.error(`Cannot write to ${root}: ${error.message}. Run from a folder that you own.`)
        process.exit(1)
      }
    }
    if (isInstalled()) return false
    if (!lockIsHeld()) dropInstallLock()
    else if (!told) console.error('另一个进程正在安装依赖，请稍候 … Another process is installing the dependencies; waiting for it …')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

async function install() {
  if (!(await takeInstallLock())) return
  process.on('exit', dropInstallLock)
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  console.error('正在安装依赖（首次约半分钟到两分钟）… Installing dependencies (first run only) …')
  const progress = setInterval(() => console.error(`  … ${seconds()} s`), 10_000)
  // NODE_ENV=production would leave the test tools out, and `npm test` would then install again.
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error']
  const [command, commandArgs] = npm && /\.c?js$/.test(npm) ? [process.execPath, [npm, ...args]] : ['npm', args]
  const code = await new Promise((resolve) => {
    const child = spawn(command, commandArgs, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
    // Stopped with a signal to this process alone, npm goes on: the lock is its.
    if (child.pid) writeFileSync(lockOwner, String(child.pid))
    child.on('error', (error) => {
      console.error(`Cannot start npm: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (exitCode) => resolve(exitCode ?? 1))
  })
  clearInterval(progress)
  if (code !== 0 || !existsSync(nodeBinary)) {
    console.error('安装失败，请检查网络与 npm 源后重试。 Installation failed: check the network and the npm registry, then run the same command again.')
    process.exit(1)
  }
  writeFileSync(stampFile, wantedStamp())
  process.off('exit', dropInstallLock)
  dropInstallLock()
  console.error(`安装完成。 Installed in ${seconds()} s.`)
}

const [target, ...rest] = process.argv.slice(2)
if (!target) {
  console.error('usage: node tools/bootstrap.mjs <entry point> [arguments]')
  process.exit(2)
}
if (!isInstalled()) await install()
const entry = path.join(root, target)
// npm passes SIGTERM to the shell between it and this process, and no further. That shell ends early only when npm was told to stop.
if (process.env.npm_lifecycle_event && process.platform !== 'win32') {
  const shell = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  watch.unref()
}
const pinned = JSON.parse(readFileSync(path.join(modules, 'node', 'package.json'), 'utf8')).version
if (process.versions.node === pinned) {
  process.argv = [process.argv[0], entry, ...rest]
  await import(pathToFileURL(entry).href)
} else {
  // The IPC channel lets the program notice when this process dies without being able to say so.
  const env = { ...process.env, PATH: `${path.dirname(nodeBinary)}${path.delimiter}${process.env.PATH ?? ''}` }
  const child = spawn(nodeBinary, [entry, ...rest], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`Cannot start ${nodeBinary}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal) process.exit(128 + (spawnSync('sh', ['-c', `kill -l ${signal.slice(3)}`]).stdout.toString().trim() | 0))
    process.exit(code ?? 1)
  })
}
