// Measures how many calls a second our user agent takes through set-up and tear-down on one core, and in the same run what sipp's own
// caller takes for the same calls to the same callee. Prints JSON. Judges one rule.
//
//   node bench/signalling-rate.ts [rate,rate,… calls per second] [seconds per rate]
//
// One call is INVITE, 180, 200 with SDP, ACK, BYE, 200 over UDP on loopback. The callers, first sipp and then ours, are held on the
// first core one after the other; the callee, sipp as well, on the last. CPU is what the whole process of a caller took, start of
// the run included for sipp. What else the machine does costs both alike, so the ratio is what to compare.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, loadavg } from 'node:os'
import { round } from './figures.ts'
import type { CallerFigures } from './signalling-rate/caller.ts'
import { freePort } from '../test/world/free-port.ts'

const TARGET_PER_SECOND = 200
/** A rate is held when every call was answered and torn down, 95 of 100 were set up so soon, and 99 of 100 were over in time. */
const SET_UP_MS_P95_MAX = 100
const REACHED_SHARE_MIN = 0.95

const rates = (process.argv[2] ?? '100,200,400,600,800,1000').split(',').map(Number)
const seconds = Number(process.argv[3] ?? 10)
const cores = availableParallelism()
const pinned = cores > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0
const heldOn = (core: number): string[] => (pinned ? ['taskset', '-c', String(core)] : [])

/** Runs to its end. Errors: Error when it cannot be started. */
async function run(command: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text: Buffer) => (stdout = (stdout + text.toString()).slice(-100_000)))
  child.stderr.on('data', (text: Buffer) => (stderr = (stderr + text.toString()).slice(-100_000)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** sipp's own caller: its figures are those of the shell that waited for it. */
async function sippCaller(port: number, perSecond: number, calls: number): Promise<{ seconds: number; cpuSeconds: number; ok: boolean }> {
  const sipp = ['sipp', '-sn', 'uac', '-i', '127.0.0.1', '-p', String(await freePort()), '-r', String(perSecond), '-m', String(calls), '-l', '100000', '-default_behaviors', 'all,-abortunexp', '-nostdin', '-timeout', '120', `127.0.0.1:${port}`]
  const { code, stderr } = await run([...heldOn(0), 'bash', '-c', `TIMEFORMAT='times %R %U %S'; time "$@" >/dev/null 2>&1`, 'sipp', ...sipp])
  const [wall = NaN, user = NaN, system = NaN] = (/times (\S+) (\S+) (\S+)/.exec(stderr) ?? []).slice(1).map(Number)
  return { seconds: wall, cpuSeconds: user + system, ok: code === 0 }
}

async function ourCaller(port: number, perSecond: number, calls: number): Promise<CallerFigures> {
  const { code, stdout, stderr } = await run([...heldOn(0), process.execPath, new URL('signalling-rate/caller.ts', import.meta.url).pathname, String(port), String(perSecond), String(calls)])
  if (code !== 0) throw new Error(`our caller ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as CallerFigures
}

if (spawnSync('sipp', ['-v']).error) throw new Error('sipp is not installed: apt-get install sip-tester')
const port = await freePort()
const [callee, ...calleeArgs] = [...heldOn(cores - 1), 'sipp', '-sn', 'uas', '-i', '127.0.0.1', '-p', String(port), '-default_behaviors', 'all,-abortunexp', '-nostdin']
const far = spawn(callee!, calleeArgs, { stdio: 'ignore' })
try {
  await new Promise((resolve) => setTimeout(resolve, 500))
  const rows = []
  for (const perSecond of rates) {
    const calls = perSecond * seconds
    const sipp = await sippCaller(port, perSecond, calls)
    const ours = await ourCaller(port, perSecond, calls)
    const cpuMsPerCall = { ours: (ours.cpuSeconds * 1_000) / calls, sipp: (sipp.cpuSeconds * 1_000) / calls }
    const reached = (calls * 0.99) / ours.secondsP99
    const row = {
      callsPerSecond: perSecond,
      calls,
      reachedPerSecond: { ours: round(reached), sipp: round(calls / sipp.seconds) },
      ended: ours.ended,
      failed: ours.failed,
      repeatedMessages: ours.repeated,
      setUpMs: { p50: ours.setUpMsP50, p95: ours.setUpMsP95 },
      cpuMsPerCall: { ours: round(cpuMsPerCall.ours), sipp: round(cpuMsPerCall.sipp) },
      cpuRatio: round(cpuMsPerCall.ours / cpuMsPerCall.sipp),
      lastCallSeconds: round(ours.seconds),
      coreShare: round(ours.cpuSeconds / ours.secondsP99),
      memoryMb: ours.rssMb,
      sippFinishedAll: sipp.ok,
      loadAverage: round(loadavg()[0]!),
      held: ours.failed === 0 && ours.ended === calls && reached >= perSecond * REACHED_SHARE_MIN && ours.setUpMsP95 <= SET_UP_MS_P95_MAX,
    }
    rows.push(row)
    console.error(JSON.stringify(row))
    if (!row.held) break
  }
  const heldPerSecond = Math.max(0, ...rows.filter(({ held }) => held).map(({ callsPerSecond }) => callsPerSecond))
  const judged = rows.some(({ callsPerSecond }) => callsPerSecond >= TARGET_PER_SECOND) ? heldPerSecond >= TARGET_PER_SECOND : undefined
  console.log(JSON.stringify({ bench: 'signalling-rate', node: process.version, cores, pinned, secondsPerRate: seconds, heldPerSecond, targetPerSecond: TARGET_PER_SECOND, targetMet: judged, rows }, undefined, 1))
  if (judged === false) process.exitCode = 1
} finally {
  far.kill('SIGKILL')
  if (far.exitCode === null && far.signalCode === null) await once(far, 'exit')
}
