// Checks what is thought out ahead, what is made ready of it, and what is dropped. The robot is played; synthesis only tells what it was asked.
import assert from 'node:assert/strict'
import { setImmediate as settle } from 'node:timers/promises'
import { test } from 'node:test'
import type { RobotEvent } from '../robot/robot.ts'
import { defaultVoice, type TtsProvider } from '../speech/tts/provider.ts'
import { Foresight, prepareOpening } from './foresight.ts'
import { latencyOf } from './turn-latency.ts'

function stage(answer: (event: RobotEvent, signal: AbortSignal) => AsyncIterable<string>) {
  const asked: { text: string; signal: AbortSignal }[] = []
  const events: RobotEvent[] = []
  let nowMs = 1_000
  const tts = {
    async *synthesize(text: string, _voice: unknown, signal: AbortSignal) {
      asked.push({ text, signal })
      yield { type: 'audio', pcm: new Int16Array(160) } as const
      yield { type: 'done' } as const
    },
  } as unknown as TtsProvider
  const robot = {
    foresee: (event: RobotEvent, signal: AbortSignal) => {
      events.push(event)
      return answer(event, signal)
    },
  }
  const foresight = new Foresight({ robot, tts, voice: defaultVoice, now: () => nowMs })
  const consider = async (text: string): Promise<void> => {
    foresight.consider(text, { type: 'utterance', text, beginAtMs: 0, endAtMs: 0, confidence: 1, bargeIn: false })
    for (let i = 0; i < 20; i++) await settle()
  }
  return { foresight, asked, events, consider, robot, tts, pass: (ms: number) => (nowMs += ms) }
}

async function* says(...texts: string[]): AsyncGenerator<string> {
  yield* texts
}

void test('the first clauses of what would be answered are made ready, no more', async () => {
  const s = stage(() => says('好的，明天上午九点，在三楼会议室。', '请准时。'))
  await s.consider('什么时候')
  s.pass(300)
  const ahead = s.foresight.take()
  assert.equal(s.asked.length, 2)
  assert.deepEqual([...ahead.clauses], s.asked.map(({ text }) => text))
  assert.deepEqual([ahead.sinceMs, ahead.dropped], [1_000, 0])
  assert.ok(s.asked.every(({ signal }) => !signal.aborted), 'what is wanted is not given up')
})

void test('the same words are thought about once, other words anew, and what was in vain is counted', async () => {
  const s = stage(() => says('好的。'))
  await s.consider('明天')
  await s.consider('明天')
  s.foresight.hear('明天')
  assert.equal(s.events.length, 1)
  s.foresight.hear('明天下午')
  assert.ok(s.asked[0]!.signal.aborted)
  await s.consider('明天下午三点')
  assert.deepEqual([s.events.length, s.foresight.take().dropped], [2, 1])
  assert.equal(s.foresight.take().dropped, 0, 'once')
})

void test('nobody thinks for ever: three answers are begun for one turn', async () => {
  const s = stage(() => says('好的。'))
  for (const words of ['一', '二', '三', '四', '五']) await s.consider(words)
  assert.equal(s.events.length, 3)
  s.foresight.take()
  await s.consider('六')
  assert.equal(s.events.length, 4)
})

void test('a robot that knows nothing beforehand, or fails to, costs nothing', async () => {
  const none = new Foresight({ robot: {}, tts: {} as TtsProvider, voice: defaultVoice, now: () => 0 })
  none.consider('好的', { type: 'silence', count: 1 })
  assert.equal(none.take().sinceMs, undefined)
  const broken = stage(() => {
    throw new Error('broken')
  })
  await broken.consider('好的')
  assert.equal(broken.foresight.take().clauses.size, 0)
})

void test('after close nothing is thought out', async () => {
  const s = stage(() => says('好的。'))
  await s.consider('明天')
  s.foresight.close()
  assert.ok(s.asked[0]!.signal.aborted)
  await s.consider('后天')
  assert.equal(s.events.length, 1)
})

void test('an opening is made ready whole', async () => {
  const s = stage(() => says('您好，我是助理。', '请问是张总吗？'))
  await prepareOpening({ robot: s.robot, tts: s.tts, voice: defaultVoice }, { type: 'answered', atMs: 0, firstWords: '喂' }, new AbortController().signal)
  assert.equal(s.asked.map(({ text }) => text).join(''), '您好，我是助理。请问是张总吗？')
})

void test('a turn tells whether its answer was begun ahead: only when that is what was said', () => {
  const clock = { speechEndAtMs: 0, endpointAtMs: 400, finalAtMs: 410, robotAtMs: 411, firstTokenMs: 0, ahead: { sinceMs: 160, clauses: new Set(['好的。']), dropped: 2 } }
  const speech = (text: string) => ({ clauses: [{ text, pauseMs: 0, audioMs: 500 }], firstAudioAtMs: 412, startedAtMs: 430 })
  assert.deepEqual(latencyOf(clock, speech('好的。')), { endpointMs: 400, recognitionMs: 10, robotMs: 1, synthesisMs: 1, playoutMs: 18, totalMs: 430, firstTokenMs: 0, aheadMs: 250, dropped: 2 })
  assert.equal(latencyOf(clock, speech('再见。'))!.aheadMs, undefined)
})
