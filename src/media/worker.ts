// Knows one media thread: its ports, its beat, its messages. Does not know the engine's callers.
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { FRAME_MS, nowMs } from './frame.ts'
import { Outbox } from './outbox.ts'
import { BeatLateness, startTicks, TICK_MS } from './pacing.ts'
import { Port } from './port.ts'
import { PortSockets } from './port-sockets.ts'
import type { EngineMessage, PortId, WorkerMessage, WorkerStart } from './worker-messages.ts'

const PHASES = FRAME_MS / TICK_MS

const owner = parentPort
if (owner === null) throw new Error('worker.ts runs as a worker thread of the media engine')

const ports = new Map<PortId, Port>()
/** Ports per phase: the next one goes where the fewest are. */
const phaseUse = Array.from({ length: PHASES }, () => 0)
const outbox = new Outbox()
const { loadEveryMs } = workerData as WorkerStart
try {
  // Of this thread alone (Linux): a late packet is heard, a late answer of the main thread is not. Only for users who may (root, LimitNICE=).
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_ABOVE_NORMAL)
} catch {
  // As everybody else then.
}
const lateness = new BeatLateness()
/** Ports with something to do at this beat. */
const due: Port[] = []
let loadToldMs = nowMs()
let utilization = performance.eventLoopUtilization()

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  owner!.postMessage(message, transfer)
}

function postGathered(): void {
  const gathered = outbox.take()
  if (gathered !== undefined) post(gathered.message, gathered.transfer)
}

async function openPort({ port: id, address, udpPort, recording }: Extract<EngineMessage, { type: 'open' }>): Promise<void> {
  const phase = phaseUse.indexOf(Math.min(...phaseUse))
  phaseUse[phase]! += 1
  const port = new Port({ id, phaseMs: phase * TICK_MS, recording, outbox, now: nowMs })
  // Known before it is bound: a close may come in between.
  ports.set(id, port)
  try {
    const sockets = await PortSockets.bind(address, udpPort, {
      onPacket: (bytes) => guarded(port, () => port.receive(bytes)) ?? false,
      onControl: (bytes) => guarded(port, () => port.receiveControl(bytes)) ?? false,
    })
    port.attach(sockets)
    post({ type: 'opened', port: id })
  } catch (error) {
    if (ports.delete(id)) phaseUse[phase]! -= 1
    post({ type: 'open-failed', port: id, code: (error as NodeJS.ErrnoException).code ?? String(error) })
  }
}

function closePort(port: Port, failed?: string): void {
  if (!ports.delete(port.id)) return
  phaseUse[port.phaseMs / TICK_MS]! -= 1
  port.close(failed)
  postGathered()
}

/** An error in one call's audio ends that call, not the others of the thread. */
function guarded<T>(port: Port, act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    closePort(port, error instanceof Error ? (error.stack ?? error.message) : String(error))
    return undefined
  }
}

function obey(port: Port, message: Exclude<EngineMessage, { type: 'open' }>): void {
  switch (message.type) {
    case 'connect':
      port.connect(message.remote, message.atMs)
      break
    case 'play':
      port.play(message.playout, message.pcm, message.last)
      break
    case 'flush':
      port.flush()
      break
    case 'play-under':
      port.playUnder(message.pcm, message.gain)
      break
    case 'set-level':
      port.setLevel(message.gain, message.rampMs)
      break
    case 'listen-anew':
      port.listenAnew()
      break
    case 'send-digits':
      port.sendDigits(message.digits, message.as)
      break
    case 'bridge': {
      const peer = ports.get(message.peer)
      if (peer !== undefined) port.bridge(peer)
      break
    }
    case 'unbridge':
      port.unbridge()
      break
    case 'monitor': {
      const listener = ports.get(message.listener)
      if (listener !== undefined) port.monitor(listener)
      break
    }
    case 'unmonitor': {
      const listener = ports.get(message.listener)
      if (listener !== undefined) port.unmonitor(listener)
      break
    }
    case 'close':
      closePort(port)
      break
    default:
      message satisfies never
  }
}

owner.on('message', (message: EngineMessage) => {
  if (message.type === 'open') {
    void openPort(message)
    return
  }
  const port = ports.get(message.port)
  // Undefined when it was closed in the meantime.
  if (port !== undefined) guarded(port, () => obey(port, message))
})

startTicks(nowMs, (tickMs, dueMs) => {
  lateness.add(tickMs, dueMs)
  // Three of four ports have nothing to do at a beat.
  due.length = 0
  for (const port of ports.values()) if (port.isDue(tickMs)) due.push(port)
  // All that goes out goes out first: what is computed for one call must not delay the packet of the next.
  for (const port of due) guarded(port, () => port.send(tickMs))
  for (const port of due) if (ports.has(port.id)) guarded(port, () => port.hear(tickMs))
  if (tickMs - loadToldMs >= loadEveryMs) {
    const next = performance.eventLoopUtilization()
    outbox.load({ busy: performance.eventLoopUtilization(next, utilization).utilization, lateMsP99: lateness.takeMsP99() })
    utilization = next
    loadToldMs = tickMs
  }
  postGathered()
})
post({ type: 'ready' })
