// One function per figure about calls, for /metrics. Labels take few values: never ids, numbers, words or keys.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DialFailure, NextDial, RunCall } from './call/call.ts'
import type { CallEvent, TurnLatency } from './events.ts'
import type { MediaLoad } from './media/engine.ts'

/** Figures that are looked up when somebody asks. */
export type CallGauges = {
  liveCalls(): number
  media(): Readonly<MediaLoad>
  recordings(): Readonly<{ moved: number; failed: number; removed: number }>
  sip(): Readonly<Record<string, number>>
  /** Never rejects: what is not known is false. */
  trunks(): Promise<readonly { trunk: string; up: boolean; backingOff: boolean; suspect: boolean }[]>
}

/** Counts what calls come to, and how fast turns are answered, around the function that makes them. */
export function measured(runCall: RunCall, registry: Registry): RunCall {
  const ended = new Counter({ name: 'waihu_calls_ended_total', help: 'Calls that ended.', labelNames: ['outcome', 'by'], registers: [registry] })
  const conversations = new Counter({ name: 'waihu_conversations_total', help: 'What answered calls came to.', labelNames: ['conversation'], registers: [registry] })
  const talkSec = new Counter({ name: 'waihu_talk_seconds_total', help: 'Seconds from answer to end.', registers: [registry] })
  const turnSec = new Histogram({ name: 'waihu_turn_seconds', help: 'From the end of the callee’s speech to the first packet of the answer.', buckets: [0.3, 0.5, 0.7, 0.9, 1.2, 1.6, 2, 2.5, 4], registers: [registry] })
  const stepSec = new Histogram({ name: 'waihu_turn_step_seconds', help: 'Where that time went, step by step; first_token is within robot.', labelNames: ['step'], buckets: [0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.8, 1.2, 2, 4], registers: [registry] })
  const ahead = new Counter({ name: 'waihu_answers_ahead_total', help: 'Answers that were begun while the callee might still have gone on: used, or dropped because they did.', labelNames: ['what'], registers: [registry] })
  const bargeIns = new Counter({ name: 'waihu_barge_ins_total', help: 'Times a callee stopped the robot.', registers: [registry] })
  const failures = new Counter({ name: 'waihu_provider_failures_total', help: 'Failures of speech and language providers during calls.', labelNames: ['provider'], registers: [registry] })
  // Names of trunks are set up by people: few, and no numbers.
  const byTrunk = new Counter({ name: 'waihu_trunk_calls_total', help: 'What calls came to, by the trunk of their last attempt.', labelNames: ['trunk', 'outcome'], registers: [registry] })
  const failedAttempts = new Counter({ name: 'waihu_trunk_failed_attempts_total', help: 'Attempts that ended before anything rang.', labelNames: ['trunk'], registers: [registry] })
  const countTurn = (latency: TurnLatency) => {
    const { endpointMs, recognitionMs, robotMs, synthesisMs, playoutMs, firstTokenMs } = latency
    turnSec.observe(latency.totalMs / 1_000)
    for (const [step, ms] of Object.entries({ endpoint: endpointMs, recognition: recognitionMs, robot: robotMs, synthesis: synthesisMs, playout: playoutMs, first_token: firstTokenMs })) {
      if (ms !== undefined) stepSec.observe({ step }, ms / 1_000)
    }
    if (latency.aheadMs !== undefined) ahead.inc({ what: 'used' })
    if (latency.dropped) ahead.inc({ what: 'dropped' }, latency.dropped)
  }
  const count = (event: CallEvent) => {
    if (event.type === 'robot-said' && event.latency) countTurn(event.latency)
    else if (event.type === 'callee-said' && event.bargeIn) bargeIns.inc()
    else if (event.type === 'provider-failed') failures.inc({ provider: event.provider })
  }
  return async (request, hooks, signal) => {
    const onEvent = (event: CallEvent) => {
      count(event)
      hooks.onEvent(event)
    }
    let { trunk } = request
    const onDialFailed = async (failure: DialFailure): Promise<NextDial | undefined> => {
      failedAttempts.inc({ trunk: failure.trunk })
      const next = await hooks.onDialFailed(failure)
      if (next) trunk = next.trunk
      return next
    }
    const result = await runCall(request, { ...hooks, onEvent, onDialFailed }, signal)
    byTrunk.inc({ trunk, outcome: result.reason.outcome })
    ended.inc({ outcome: result.reason.outcome, by: result.reason.by })
    talkSec.inc(result.talkMs / 1_000)
    if (result.conversation) conversations.inc({ conversation: result.conversation })
    return result
  }
}

/** Receipts of the Alibaba Cloud face: what became of them here, and how many wait over all processes. */
export function showReceipts(receipts: { readonly stats: Readonly<Record<string, number>>; waiting(): Promise<number> }, registry: Registry): void {
  const figure = new Gauge({
    name: 'waihu_receipts',
    help: 'Receipts since the start: delivered, failed (tried again), dead (given up), of these for the backlog; and posts.',
    labelNames: ['what'],
    registers: [],
    collect() {
      for (const [what, value] of Object.entries(receipts.stats)) this.set({ what }, value)
    },
  })
  registry.registerMetric(figure)
  const waiting = new Gauge({
    name: 'waihu_receipts_waiting',
    help: 'Receipts that wait to be sent, of all accounts, counted up to 100000.',
    registers: [],
    async collect() {
      this.set(await receipts.waiting())
    },
  })
  registry.registerMetric(waiting)
}

/** Registers the figures that are read when asked for. */
export function showGauges(gauges: CallGauges, registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('waihu_calls_live', 'Calls on the line or being settled.', () => gauges.liveCalls())
  gauge('waihu_rtp_ports', 'RTP ports in use.', () => gauges.media().ports)
  gauge('waihu_media_thread_busy', 'Load of the busiest media thread, 0 to 1.', () => gauges.media().busiest)
  gauge('waihu_media_late_ms', 'How late 99 of 100 beats of the worst media thread come at most.', () => gauges.media().lateMsP99)
  gauge('waihu_media_accepting', 'Whether the media threads take more calls.', () => Number(gauges.media().accepting))
  for (const [what, help] of [['moved', 'Recordings moved to the store since the start.'], ['failed', 'Attempts to move one that failed.'], ['removed', 'Recordings removed when their days were over.']] as const) {
    gauge(`waihu_recordings_${what}`, help, () => gauges.recordings()[what])
  }
  const trunkGauge = (name: string, help: string, read: (trunk: Awaited<ReturnType<CallGauges['trunks']>>[number]) => boolean) =>
    new Gauge({
      name,
      help,
      labelNames: ['trunk'],
      registers: [registry],
      async collect() {
        const trunks = await gauges.trunks()
        // A trunk that was removed is no longer told.
        this.reset()
        for (const trunk of trunks) this.set({ trunk: trunk.trunk }, read(trunk) ? 1 : 0)
      },
    })
  trunkGauge('waihu_trunk_up', '1 while this process can reach the trunk.', ({ up }) => up)
  trunkGauge('waihu_trunk_backing_off', '1 while the trunk is left alone after faults or at its wish.', ({ backingOff }) => backingOff)
  trunkGauge('waihu_trunk_suspect', '1 while the trunk looks blocked by its carrier.', ({ suspect }) => suspect)
  const sip = new Gauge({
    name: 'waihu_sip',
    help: 'Counters and sizes of the SIP user agent.',
    labelNames: ['what'],
    registers: [],
    collect() {
      for (const [what, value] of Object.entries(gauges.sip())) this.set({ what }, value)
    },
  })
  registry.registerMetric(sip)
}
