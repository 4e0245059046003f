// Knows how a newcomer meets the program: an empty home, the words on his screen, a call or two over HTTP. Does not judge it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programRoot } from '../../src/config.ts'
import { processesWith, untilNone } from './processes.ts'
import { ServerProcess, type DataFolder, type StartOptions } from './server-process.ts'

export const UP_MS_MAX = 120_000
/** Calls in progress get ten seconds to end by themselves. */
export const STOP_MS_MAX = 40_000
/** The number that is busy: the shortest call there is. */
export const BUSY = '13800138001'
const REQUIREMENT = '通知张总明天上午9点在三楼会议室开会'

export type Newcomer = { home: string; dataDir: string; env: { [name: string]: string } }

/** An empty home and a data folder that does not exist yet. */
export async function newcomer(folder: DataFolder, name = 'data'): Promise<Newcomer> {
  const home = path.join(folder.path, `home-${name}`)
  await mkdir(home)
  const dataDir = path.join(folder.path, name)
  return { home, dataDir, env: { HOME: home, DATA_DIR: dataDir, PORT: '0' } }
}

export async function keptKey(dataDir: string): Promise<{ account_id: string; api_key: string; base_url: string }> {
  return JSON.parse(await readFile(path.join(dataDir, 'demo-account.json'), 'utf8')) as { account_id: string; api_key: string; base_url: string }
}

export async function post(base: string, apiKey: string, action: string, body: unknown): Promise<{ [key: string]: unknown }> {
  const response = await fetch(`${base}/api/v1/callinfo/${action}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': apiKey, 'X-Skill-Version': '1.0.0' },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as { [key: string]: unknown }
  assert.ok(response.ok, `${action}: ${JSON.stringify(answer)}`)
  return answer
}

export async function place(base: string, apiKey: string, phone: string): Promise<string> {
  return ((await post(base, apiKey, 'initiate_call', { phones: phone, user_requirement: REQUIREMENT }))['call_ids'] as string[])[0]!
}

export async function untilStatus(base: string, apiKey: string, callId: string, wanted: string): Promise<{ [key: string]: unknown }> {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const info = await post(base, apiKey, 'search_callinfo', { call_id: callId })
    if (info['status'] === wanted) return info
    assert.ok(performance.now() < deadline, `the call is ${String(info['status'])} and not ${wanted}`)
  }
}

export async function assertNothingLeft(folder: DataFolder): Promise<void> {
  assert.deepEqual(await untilNone(() => processesWith(folder.path), 3_000), [], 'no process is left behind')
}

export async function stopped(server: ServerProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
  const askedAtMs = performance.now()
  server.kill(signal)
  const exit = await server.ended(STOP_MS_MAX)
  assert.equal(exit.code, 0, server.lastWords)
  return Math.round(exit.atMs - askedAtMs)
}

/** Runs to its end. */
export async function ranWith(options: StartOptions, withinMs = UP_MS_MAX): Promise<ServerProcess> {
  const run = new ServerProcess(options)
  await run.ended(withinMs)
  return run
}

export function assertNoTrace(words: string): void {
  assert.doesNotMatch(words, /^\s+at .+:\d+:\d+|"stack":/m)
}

/** A Node of the system whose version is not the pinned one. */
export function findOtherNode(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin']
  return folders.map((folder) => path.join(folder, 'node')).find((file) => {
    const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
    return status === 0 && stdout.trim() !== process.version
  })
}

/** A copy that counts as installed: what the starter needs, with the packages of this checkout and the mark of its own installation. */
export async function installedCheckout(): Promise<AsyncDisposable & { path: string }> {
  const root = await mkdtemp(path.join(tmpdir(), 'waihu-checkout-'))
  for (const name of ['package.json', 'package-lock.json', 'scripts-library', 'src', 'sql', 'tools']) await cp(path.join(programRoot, name), path.join(root, name), { recursive: true })
  const modules = path.join(root, 'node_modules')
  await mkdir(modules)
  for (const name of await readdir(path.join(programRoot, 'node_modules'))) {
    if (!name.startsWith('.waihu')) await symlink(path.join(programRoot, 'node_modules', name), path.join(modules, name))
  }
  const lock = await readFile(path.join(root, 'package-lock.json'))
  await writeFile(path.join(modules, '.waihu-installed'), createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex'))
  return { path: root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}
