// Knows the processes of this machine as /proc shows them: who belongs to a test, and which UDP ports they hold. Does not know what they do.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** False where there is no /proc: such tests are skipped there. */
export const canSeeProcesses = existsSync('/proc/self/environ')

export type SeenProcess = { pid: number; parent: number; command: string }

/**
 * Living processes that carry `mark` in their environment, command line or working directory; zombies show none of them.
 * PostgreSQL is started with an environment of its own and is found by its folder.
 */
export function processesWith(mark: string): SeenProcess[] {
  const found: SeenProcess[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      if (command.includes(mark) || readFileSync(`/proc/${name}/environ`, 'utf8').includes(mark) || readlinkSync(`/proc/${name}/cwd`).includes(mark)) {
        found.push({ pid: Number(name), parent: parentOf(Number(name)), command })
      }
    } catch {
      // It ended while we looked, or belongs to somebody whose processes we may not see.
    }
  }
  return found
}

/** Ids of the living children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((child) => parentOf(child) === pid)
}

/** 0 when it is gone. Source: proc_pid_stat(5); the name in parentheses may hold anything. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

/** IPv4 UDP ports that a process has open. */
export function udpPortsOf(pid: number): number[] {
  const inodes = new Map<string, number>()
  for (const line of readFileSync(`/proc/${pid}/net/udp`, 'utf8').split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns.length >= 10) inodes.set(columns[9]!, Number.parseInt(columns[1]!.split(':')[1]!, 16))
  }
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const port = inodes.get(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '')
      return port === undefined ? [] : [port]
    } catch {
      return []
    }
  })
}

/** Resolves with what `look` found last: nothing, as soon as that is so; otherwise what is still there after `withinMs`. */
export async function untilNone<T>(look: () => readonly T[], withinMs: number): Promise<readonly T[]> {
  for (const deadline = performance.now() + withinMs; ; await sleep(50)) {
    const found = look()
    if (found.length === 0 || performance.now() > deadline) return found
  }
}

/** Ends a process without a word. False when it was gone already. */
export function killNow(pid: number): boolean {
  // 0 and below mean whole groups, ours included.
  if (!Number.isInteger(pid) || pid <= 1) throw new RangeError(`${pid} is no process id`)
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
