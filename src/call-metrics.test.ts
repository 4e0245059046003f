import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import type { CallHooks, CallResult, RunCall } from './call/call.ts'
import { measured, showGauges } from './call-metrics.ts'

const result: CallResult = {
  reason: { outcome: 'answered', by: 'robot', stage: 'talking', detail: 'robot-hung-up', evidence: {} },
  answeredAt: new Date(0),
  talkMs: 12_000,
  conversation: 'confirmed',
  notes: [],
  recording: undefined,
  media: undefined,
}

test('counts endings, turns and failures, and passes everything on', async () => {
  const registry = new Registry()
  const seen: string[] = []
  const hooks: CallHooks = { onEvent: (event) => seen.push(event.type), beforeInvite: () => seen.push('before'), onDialFailed: () => Promise.resolve({ trunk: 'reserve', callerId: '02160001000', attempt: 2, ringMsMax: 1, pauseMs: 0 }), onDialog: () => seen.push('stored'), mayContinue: () => 'end' }
  const run: RunCall = async (_request, given) => {
    given.beforeInvite()
    assert.equal((await given.onDialFailed({ trunk: 'main', outcome: 'line-fault', status: 503 }))?.trunk, 'reserve')
    given.onDialog({})
    assert.equal(given.mayContinue(1), 'end')
    given.onEvent({ type: 'callee-said', turn: 1, text: '等一下', beginAtMs: 0, endAtMs: 1, confidence: 1, bargeIn: true })
    given.onEvent({ type: 'provider-failed', provider: 'espeak', message: '13800138000', fallback: 'goodbye' })
    const latency = { endpointMs: 400, recognitionMs: 5, robotMs: 1, synthesisMs: 2, playoutMs: 12, totalMs: 420, firstTokenMs: 0, aheadMs: 200, dropped: 2 }
    given.onEvent({ type: 'robot-said', turn: 2, text: '好的', cut: false, beginAtMs: 2, endAtMs: 3, latency })
    return Promise.resolve(result)
  }
  const request = { id: 'call_1', phone: '+8613800138000', trunk: 'main', attempt: 1, ringMsMax: 1, talkMsMax: 1 } as Parameters<RunCall>[0]
  assert.equal(await measured(run, registry)(request, hooks, new AbortController().signal), result)
  assert.deepEqual(seen, ['before', 'stored', 'callee-said', 'provider-failed', 'robot-said'])
  showGauges({ liveCalls: () => 3, media: () => ({ ports: 4, busiest: 0.5, lateMsP99: 2.5, accepting: true }), recordings: () => ({ moved: 9, failed: 1, removed: 2 }), sip: () => ({ shed: 7 }), trunks: () => Promise.resolve([{ trunk: 'main', up: true, backingOff: true, suspect: false }]) }, registry)
  const text = await registry.metrics()
  for (const line of ['waihu_calls_ended_total{outcome="answered",by="robot"} 1', 'waihu_conversations_total{conversation="confirmed"} 1', 'waihu_talk_seconds_total 12', 'waihu_barge_ins_total 1', 'waihu_provider_failures_total{provider="espeak"} 1', 'waihu_turn_seconds_bucket{le="0.5"} 1', 'waihu_turn_step_seconds_bucket{le="0.5",step="endpoint"} 1', 'waihu_turn_step_seconds_count{step="first_token"} 1', 'waihu_answers_ahead_total{what="used"} 1', 'waihu_answers_ahead_total{what="dropped"} 2', 'waihu_calls_live 3', 'waihu_rtp_ports 4', 'waihu_media_late_ms 2.5', 'waihu_media_accepting 1', 'waihu_recordings_moved 9', 'waihu_recordings_removed 2', 'waihu_sip{what="shed"} 7', 'waihu_trunk_calls_total{trunk="reserve",outcome="answered"} 1', 'waihu_trunk_failed_attempts_total{trunk="main"} 1', 'waihu_trunk_up{trunk="main"} 1', 'waihu_trunk_backing_off{trunk="main"} 1', 'waihu_trunk_suspect{trunk="main"} 0']) {
    assert.ok(text.includes(line), `${line}\n${text}`)
  }
  assert.doesNotMatch(text, /138|等一下|好的/, 'no numbers and no words')
})
