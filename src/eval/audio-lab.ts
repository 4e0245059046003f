// Knows how scenarios are held in sound: real SIP and RTP between the platform's own call and a carrier whose callees follow the
// scenarios. Nothing passes between the two but audio. Does not know what is right.
import { setTimeout as sleep } from 'node:timers/promises'
import { callRunner } from '../call/run-call.ts'
import type { CallResult } from '../call/call.ts'
import type { Trunk } from '../call/leg.ts'
import type { CallEvent } from '../events.ts'
import type { Log } from '../log.ts'
import type { MediaEngine } from '../media/engine.ts'
import { nowMs } from '../media/frame.ts'
import { createMediaEngine } from '../media/worker-engine.ts'
import { noAttribution } from '../numbering/attribution.ts'
import type { SpokenTurn } from '../robot/after-call/judgement.ts'
import type { Robot, RobotNote } from '../robot/robot.ts'
import { Carrier } from '../simulator/carrier.ts'
import { SipUserAgent } from '../sip/user-agent.ts'
import { asrProviders } from '../speech/asr/index.ts'
import type { AsrProvider } from '../speech/asr/provider.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { ttsProviders } from '../speech/tts/index.ts'
import type { TtsProvider, Voice } from '../speech/tts/provider.ts'
import { configuredTrunk } from '../trunk/configured-trunk.ts'
import { parseTrunkConfig } from '../trunk/trunk-config.ts'
import { AudioCallee } from './audio-callee.ts'
import type { RecordLine, RunRecord } from './record.ts'
import type { Scripted } from './scenario.ts'
import type { Variation } from './variation.ts'

const address = '127.0.0.1'
const callerId = '02160001000'
/** Those of the simulated carrier. */
const calleePorts = { portMin: 10_000, portMax: 19_998 } as const
/** How many calls are held at once is asked for, and a check says whether their packets left on time. */
const admission = { busyMax: 1, lateMsMax: Infinity } as const
/** Between the beginnings of two calls: what they need first, voices above all, they need at the same time. */
const startEveryMs = 300
const ringMsMax = 15_000
/** A scenario that is not over by then is one that never ends. */
const talkMsMax = 180_000

export type AudioLabOptions = {
  /** What the robot hears and speaks with; the caller owns them. Callees always use the built-in ones. */
  asr: AsrProvider
  tts: TtsProvider
  voice: Voice
  /** UDP ports for the robot's side, both included; those in use are skipped. */
  portMin: number
  portMax: number
  log: Log
}

export class AudioLab implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack
  readonly #run: ReturnType<typeof callRunner>
  readonly #callees: Map<string, AudioCallee>
  readonly #log: Log
  #calls = 0
  #nextStartAtMs = 0

  private constructor(stack: AsyncDisposableStack, run: ReturnType<typeof callRunner>, callees: Map<string, AudioCallee>, log: Log) {
    this.#stack = stack
    this.#run = run
    this.#callees = callees
    this.#log = log
  }

  static async start({ asr, tts, voice, portMin, portMax, log }: AudioLabOptions): Promise<AudioLab> {
    const stack = new AsyncDisposableStack()
    try {
      const callees = new Map<string, AudioCallee>()
      const calleesTts = stack.use(new SynthesisCache(ttsProviders.espeak()))
      const calleesAsr = stack.use(asrProviders.builtin({}))
      const engine = async (ports: { portMin: number; portMax: number }): Promise<MediaEngine> => stack.use(await createMediaEngine({ ...ports, workers: 1, admission, log }))
      const [media, calleesMedia] = [await engine({ portMin, portMax }), await engine(calleePorts)]
      await Promise.all([asr.warmUp(), tts.warmUp(), calleesAsr.warmUp(), calleesTts.warmUp()])
      const carrier = new Carrier({ address, media: calleesMedia, asr: calleesAsr, tts: calleesTts, announcerVoice: 'f1', genericCodes: false, cast: (digits) => callees.get(digits) })
      const far = stack.use(await SipUserAgent.open({ address, port: 0, userAgent: 'waihu evaluation callees', onCall: (call) => carrier.take(call), log }))
      const near = stack.use(await SipUserAgent.open({ address, port: 0, userAgent: 'waihu evaluation', log }))
      const trunk = trunkBetween(near, far.port)
      return new AudioLab(stack, callRunner({ trunk: () => trunk, media, mediaAddress: address, asr, tts, voice }), callees, log)
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  /** One call, from INVITE to BYE, in real time. Never rejects: what goes wrong is a fault of the record. */
  async hold<One extends Scripted & { attempt?: number }>(scenario: One, p: { robot: (scenario: One, p: { callId: string; sinceAnswerMs: () => number; log: Log }) => Robot; variation: Variation; recordingPath?: string | undefined; signal?: AbortSignal | undefined }): Promise<RunRecord> {
    await this.#turnToStart()
    const number = `139${String(++this.#calls).padStart(8, '0')}`
    const callee = new AudioCallee(scenario, p.variation, nowMs)
    this.#callees.set(number, callee)
    const events: CallEvent[] = []
    let answeredAtMs: number | undefined
    const robot = p.robot(scenario, { callId: number, sinceAnswerMs: () => (answeredAtMs === undefined ? 0 : nowMs() - answeredAtMs), log: this.#log })
    try {
      const result = await this.#run(
        { id: `eval-${number}`, phone: `+86${number}`, trunk: 'evaluation', callerId, attempt: scenario.attempt ?? 1, ringMsMax, talkMsMax, recordingPath: p.recordingPath, robot },
        {
          onEvent: (event) => {
            if (event.type === 'answered') answeredAtMs ??= nowMs()
            events.push(event)
          },
          beforeInvite: () => {},
          onDialFailed: () => Promise.resolve(undefined),
          onDialog: () => {},
          mayContinue: () => 'continue',
        },
        p.signal ?? new AbortController().signal,
      )
      return recordOf({ events, result, callee, answeredAtMs: answeredAtMs ?? nowMs(), endedAtMs: nowMs() })
    } finally {
      this.#callees.delete(number)
      await robot[Symbol.asyncDispose]()
    }
  }

  async #turnToStart(): Promise<void> {
    const startAtMs = Math.max(nowMs(), this.#nextStartAtMs)
    this.#nextStartAtMs = startAtMs + startEveryMs
    await sleep(Math.max(0, startAtMs - nowMs()))
  }
}

function trunkBetween(userAgent: SipUserAgent, farPort: number): Trunk {
  const config = parseTrunkConfig({ name: 'evaluation', targets: [address], callers: [{ number: callerId }] })
  return configuredTrunk(config, { userAgent, mediaAddress: address, domain: () => address, targets: () => Promise.resolve([{ address, port: farPort }]), attribution: noAttribution })
}

/** The robot's lines as its side measured them at playout, the callee's as the callee spoke them. */
function recordOf({ events, result, callee, answeredAtMs, endedAtMs }: { events: readonly CallEvent[]; result: CallResult; callee: AudioCallee; answeredAtMs: number; endedAtMs: number }): RunRecord {
  const since = (atMs: number): number => Math.max(0, atMs - answeredAtMs)
  const lines: RecordLine[] = callee.lines.map((line) => ({ ...line, beginAtMs: since(line.beginAtMs), endAtMs: since(line.endAtMs) }))
  const notes: RobotNote[] = []
  const faults: string[] = []
  const transcript: SpokenTurn[] = []
  const answerMs: number[] = []
  const recognised: string[] = []
  for (const event of events) {
    if (event.type === 'robot-said' && event.text !== '') {
      lines.push({ by: 'robot', planned: event.plannedText ?? event.text, heard: event.text, cut: event.cut, beginAtMs: since(event.beginAtMs), endAtMs: since(event.endAtMs), source: event.source })
      if (event.latency) answerMs.push(event.latency.totalMs)
      transcript.push({ turn: event.turn, speaker: 'robot', text: event.text, cut: event.cut, confidence: 1 })
    } else if (event.type === 'noted') notes.push(event.note)
    else if (event.type === 'callee-said') {
      recognised.push(event.text)
      transcript.push({ turn: event.turn, speaker: 'callee', text: event.text, cut: false, confidence: event.confidence })
    }
    else if (event.type === 'provider-failed') faults.push(`${event.provider}: ${event.message}`)
  }
  const { reason } = result
  if (result.answeredAt === undefined) faults.push(`没有接通 never answered: ${reason.outcome} ${reason.detail}`)
  const byRobot = reason.by === 'robot' || reason.detail === 'machine-policy'
  if (!byRobot && reason.by !== 'callee') faults.push(`${reason.by}: ${reason.detail}`)
  return {
    lines: lines.toSorted((a, b) => a.beginAtMs - b.beginAtMs),
    notes,
    transcript: transcript.toSorted((a, b) => a.turn - b.turn),
    outcome: result.conversation,
    endedBy: byRobot ? 'robot' : reason.by === 'callee' && !callee.ranOut ? 'callee' : 'limit',
    endAtMs: result.talkMs,
    faults,
    audio: {
      recording: result.recording,
      answeredAtMs,
      endedAtMs,
      pacingErrorMsP95: result.media?.pacingErrorMsP95 ?? 0,
      packetsLost: result.media?.packetsLost ?? 0,
      answerMs,
      recognised,
    },
  }
}
