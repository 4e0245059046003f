// Checks who keeps the floor. Does not touch audio.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bargeInDefaults, decideFloor, isBackchannel, isGreeting, isStopWord, isTurn, type FloorInput, type RobotVoice, type Settled, type StretchVoice, type Yielding } from './barge-in.ts'

const talking: RobotVoice = { speaking: true, interruptible: true, isProtected: false, timeBreakMs: undefined, endsWithQuestion: false, endAtMs: 5_000 }

type Case = { why: string; voicedMs: number; spanMs?: number; silenceMs?: number; partial?: string; robot?: Partial<RobotVoice>; stance?: FloorInput['stance']; pausedMs?: number; settled?: Settled; expected: Yielding }

function decide({ voicedMs, spanMs = voicedMs, silenceMs = 0, partial = '', robot, stance = 'full', pausedMs = 0, settled }: Omit<Case, 'why' | 'expected'>): Yielding {
  const voice: StretchVoice = { beginAtMs: 0, atMs: spanMs + silenceMs, voicedMs, silenceMs, partial }
  return decideFloor({ stance, pausedMs, voice, settled, robot: { ...talking, ...robot } })
}

const paused = { stance: 'paused' as const, pausedMs: 300 }
const cases: Case[] = [
  { why: 'the first moment of a sound changes nothing', voicedMs: 60, expected: 'nothing' },
  { why: 'a sound ducks the robot', voicedMs: 100, expected: 'duck' },
  { why: 'a ducked robot stays so through a closure within a word', voicedMs: 100, silenceMs: 140, stance: 'ducked', expected: 'duck' },
  { why: 'a ducked robot speaks up when the sound is over', voicedMs: 100, silenceMs: 160, stance: 'ducked', expected: 'nothing' },
  { why: 'a sustained voice pauses the robot', voicedMs: 260, expected: 'pause' },
  { why: 'a voice with short gaps is sustained', voicedMs: 260, spanMs: 480, expected: 'pause' },
  { why: 'single noises far apart are not sustained', voicedMs: 260, spanMs: 600, expected: 'duck' },
  { why: 'a sound that is over pauses nothing any more', voicedMs: 260, silenceMs: 200, expected: 'nothing' },
  { why: 'sustained words stop the robot for good', voicedMs: 260, partial: '我现在没', expected: 'stop' },
  { why: 'words without a sustained voice do not stop it', voicedMs: 240, partial: '我现在没', expected: 'duck' },
  { why: 'a few syllables may be a cough', voicedMs: 500, partial: '二二八', expected: 'pause' },
  { why: 'a pause lasts until they are final', voicedMs: 500, silenceMs: 880, partial: '二二八', ...paused, expected: 'pause' },
  { why: 'or until that takes too long', voicedMs: 500, silenceMs: 900, partial: '二二八', ...paused, expected: 'nothing' },
  { why: 'one syllable may be the beginning of anything', voicedMs: 260, partial: '我', expected: 'pause' },
  { why: 'a backchannel pauses at most', voicedMs: 400, partial: '嗯', expected: 'pause' },
  { why: 'a repeated backchannel pauses at most', voicedMs: 700, partial: '对对对', expected: 'pause' },
  { why: 'backchannels without end are a turn', voicedMs: 1_200, partial: '对对对', expected: 'stop' },
  { why: 'a backchannel with more words stops the robot', voicedMs: 420, partial: '好我知道了', expected: 'stop' },
  { why: 'a long voice without words stops the robot', voicedMs: 1_000, ...paused, expected: 'stop' },
  { why: 'a pause lasts while the voice does', voicedMs: 700, ...paused, expected: 'pause' },
  { why: 'a pause lasts while the first word may be on its way', voicedMs: 300, silenceMs: 400, ...paused, expected: 'pause' },
  { why: 'after a sound without words the robot goes on', voicedMs: 300, silenceMs: 420, ...paused, expected: 'nothing' },
  { why: 'after a backchannel the robot goes on earlier', voicedMs: 300, silenceMs: 260, partial: '嗯', ...paused, expected: 'nothing' },
  { why: 'no pause lasts longer than the callee bears', voicedMs: 300, silenceMs: 100, stance: 'paused', pausedMs: 2_000, expected: 'nothing' },
  { why: 'words that come late stop a robot that pauses', voicedMs: 300, silenceMs: 400, partial: '几点开始', ...paused, expected: 'stop' },
  { why: 'words that come later still stop a robot that goes on', voicedMs: 300, silenceMs: 500, partial: '几点开始', settled: { atMs: 720, voicedMs: 300, partial: '' }, expected: 'stop' },
  { why: 'a backchannel that was dealt with is not dealt with again', voicedMs: 300, silenceMs: 300, partial: '嗯', settled: { atMs: 560, voicedMs: 300, partial: '嗯' }, expected: 'nothing' },
  { why: 'the next voice after it counts anew', voicedMs: 400, spanMs: 700, partial: '嗯', settled: { atMs: 560, voicedMs: 300, partial: '嗯' }, expected: 'duck' },
  { why: 'and pauses when it is sustained', voicedMs: 560, spanMs: 840, partial: '嗯', settled: { atMs: 560, voicedMs: 300, partial: '嗯' }, expected: 'pause' },
  { why: 'words that follow it stop the robot', voicedMs: 560, spanMs: 840, partial: '嗯几点开始', settled: { atMs: 560, voicedMs: 300, partial: '嗯' }, expected: 'stop' },
  { why: 'a stop word stops the robot at once', voicedMs: 120, partial: '等一下', expected: 'stop' },
  { why: '停 stops the robot at once', voicedMs: 120, partial: '停', expected: 'stop' },
  { why: 'a stop word after a backchannel stops the robot at once', voicedMs: 200, partial: '好了别说了', expected: 'stop' },
  { why: 'a stop word stops a protected robot, too', voicedMs: 200, partial: '打错了', robot: { isProtected: true }, expected: 'stop' },
  { why: 'nothing else does', voicedMs: 900, partial: '我现在没有', robot: { isProtected: true }, expected: 'nothing' },
  { why: 'a greeting does not, though it stops the robot later', voicedMs: 300, partial: '喂', robot: { isProtected: true }, expected: 'nothing' },
  { why: '喂 in the middle of what is said takes the floor', voicedMs: 300, partial: '喂', expected: 'stop' },
  { why: 'a short word in the last moment of a question is its answer', voicedMs: 260, partial: '是', robot: { endsWithQuestion: true, endAtMs: 600 }, expected: 'stop' },
  { why: 'also after the robot has paused for it', voicedMs: 260, silenceMs: 40, partial: '是', robot: { endsWithQuestion: true, endAtMs: 600 }, ...paused, expected: 'stop' },
  { why: 'a short word in the middle of a question is none', voicedMs: 260, partial: '是', robot: { endsWithQuestion: true, endAtMs: 601 }, expected: 'pause' },
  { why: 'a short word at the end of a statement is none', voicedMs: 260, partial: '是', robot: { endAtMs: 400 }, expected: 'pause' },
  { why: 'of a question that is not synthesised yet no end is known', voicedMs: 260, partial: '是', robot: { endsWithQuestion: true, endAtMs: Infinity }, expected: 'pause' },
  { why: 'what must be heard is never stopped', voicedMs: 5_000, partial: '等一下', robot: { interruptible: false }, expected: 'nothing' },
  { why: 'what must be heard goes on when it pauses', voicedMs: 500, partial: '等一下', robot: { interruptible: false }, ...paused, expected: 'nothing' },
  { why: 'a silent robot cannot be interrupted', voicedMs: 5_000, partial: '我想问一下', robot: { speaking: false }, expected: 'nothing' },
  { why: 'before its time-break nothing stops a say', voicedMs: 480, partial: '等一下', robot: { timeBreakMs: 500 }, expected: 'nothing' },
  { why: 'a voice that lasts for the time-break does, without any word', voicedMs: 500, robot: { timeBreakMs: 500 }, expected: 'stop' },
  { why: 'a time-break shorter than a word counts as it is', voicedMs: 120, robot: { timeBreakMs: 120 }, expected: 'stop' },
  { why: 'noises far apart make no time-break', voicedMs: 500, spanMs: 1_200, robot: { timeBreakMs: 500 }, expected: 'nothing' },
  { why: 'a time-break of 0 is none', voicedMs: 5_000, partial: '等一下', robot: { timeBreakMs: 0 }, expected: 'nothing' },
]

for (const { why, expected, ...input } of cases) {
  test(why, () => assert.equal(decide(input), expected))
}

test('somebody who is gone has no floor', () => {
  for (const stance of ['full', 'ducked', 'paused'] as const) assert.equal(decideFloor({ stance, pausedMs: 0, voice: undefined, settled: undefined, robot: talking }), 'nothing')
})

/** Plays a stretch frame by frame, as the loop does: what the robot did, with the moment of each change. */
function play(voiceMs: number, word: string, wordAtMs: number, untilMs = voiceMs + 1_500): { atMs: number; did: Yielding }[] {
  const changes: { atMs: number; did: Yielding }[] = []
  let stance: FloorInput['stance'] = 'full'
  let settled: Settled | undefined
  let pausedAtMs = 0
  for (let atMs = 60; atMs <= untilMs; atMs += 20) {
    const voicedMs = Math.min(atMs, voiceMs)
    const voice: StretchVoice = { beginAtMs: 0, atMs, voicedMs, silenceMs: atMs - voicedMs, partial: atMs >= wordAtMs ? word : '' }
    const did = decideFloor({ stance, pausedMs: stance === 'paused' ? atMs - pausedAtMs : 0, voice, settled, robot: talking })
    if (did !== (changes.at(-1)?.did ?? 'nothing')) changes.push({ atMs, did })
    if (did === 'stop') break
    if (did === 'nothing' && stance !== 'full') settled = { atMs, voicedMs, partial: voice.partial }
    if (did === 'pause' && stance !== 'paused') pausedAtMs = atMs
    stance = did === 'nothing' ? 'full' : did === 'duck' ? 'ducked' : 'paused'
  }
  return changes
}

test('sustained speech: softer at 80 ms, silent at 260 ms, over as soon as the words are known, however slow the recogniser', () => {
  for (const firstWordMs of [320, 360, 900]) {
    assert.deepEqual(play(2_000, '我现在没', firstWordMs), [{ atMs: 80, did: 'duck' }, { atMs: 260, did: 'pause' }, { atMs: firstWordMs, did: 'stop' }])
  }
  assert.deepEqual(play(2_000, '', Infinity).at(-1), { atMs: 1_000, did: 'stop' })
})

test('backchannels and coughs of any usual length never stop the robot for good, and it goes on soon', () => {
  for (const word of ['嗯', '好的', '对对', '哦', '']) {
    for (let voiceMs = 100; voiceMs <= 600; voiceMs += 20) {
      for (const wordAtMs of [300, 400, voiceMs + 200]) {
        const changes = play(voiceMs, word, wordAtMs)
        assert.ok(!changes.some(({ did }) => did === 'stop'), `${word} of ${voiceMs} ms`)
        assert.ok(changes.length === 0 || (changes.at(-1)!.did === 'nothing' && changes.at(-1)!.atMs <= voiceMs + 420), `${word} of ${voiceMs} ms: ${JSON.stringify(changes)}`)
      }
    }
  }
})

test('backchannels are short words of a listener and nothing else', () => {
  for (const text of ['嗯', '嗯嗯', '嗯嗯嗯', '好', '好的', '好好', '好的好的', '对对对', '是是', '哦', '哦，好的', '嗯，对', '嗯对对好的', '知道', 'OK', '对。']) assert.ok(isBackchannel(text, 400), text)
  for (const text of ['', '不好', '好什么', '喂', '什么', '我', '不是', '好贵', '对不起', '是谁', '嗯嗯嗯嗯嗯嗯嗯', '知道了吗', '你好']) assert.ok(!isBackchannel(text, 400), text)
  assert.ok(!isBackchannel('嗯', 1_200))
})

test('stop words are found by themselves or within words', () => {
  for (const text of ['停', '等一下', '你等一下', '别说了', '不是', '喂', '什么？', '我问你', '先停一下', '不需要', '你打错了', '不用了谢谢', 'Stop', 'hold on please']) assert.ok(isStopWord(text), text)
  for (const text of ['', '好', '停车', '我不是', '喂你好', '没什么', '平等', '需要', '没有打错']) assert.ok(!isStopWord(text), text)
})

test('greetings are what people say on picking up, and nothing with more in it', () => {
  for (const text of ['喂', '喂，你好', '你好。', '您好', 'Hello?']) assert.ok(isGreeting(text), text)
  for (const text of ['', '喂哪位', '你好我不需要', '嗯']) assert.ok(!isGreeting(text), text)
})

const spoken = { text: '嗯', voicedMs: 300, beginAtMs: 1_000, endAtMs: 1_300, confidence: 0.9, robot: { endsWithQuestion: false, endAtMs: 3_000 }, overProtected: false }
for (const { why, more, expected } of [
  { why: 'a backchannel over the robot is no turn', more: {}, expected: false },
  { why: 'nor is it in the middle of a question', more: { robot: { endsWithQuestion: true, endAtMs: 3_000 } }, expected: false },
  { why: 'in the last moment of a question it is the answer', more: { robot: { endsWithQuestion: true, endAtMs: 1_600 } }, expected: true },
  { why: 'after the robot it is one', more: { robot: { endsWithQuestion: false, endAtMs: 1_000 } }, expected: true },
  { why: 'before the robot has said anything it is one', more: { robot: { endsWithQuestion: false, endAtMs: -Infinity } }, expected: true },
  { why: 'words over the robot are one', more: { text: '我要投诉' }, expected: true },
  { why: 'a single syllable in the middle of what the robot says was misheard', more: { text: '等' }, expected: false },
  { why: 'at its end it is one', more: { text: '等', robot: { endsWithQuestion: false, endAtMs: 1_500 } }, expected: true },
  { why: 'a few uncertain syllables over the robot are none', more: { text: '二二八', confidence: 0.59 }, expected: false },
  { why: 'certain ones are one', more: { text: '几点', confidence: 0.6 }, expected: true },
  { why: 'and so are many uncertain ones', more: { text: '几点开始', confidence: 0.2 }, expected: true },
  { why: 'uncertain ones after the robot are one', more: { text: '二二八', confidence: 0.2, robot: { endsWithQuestion: false, endAtMs: 1_000 } }, expected: true },
  { why: 'and an uncertain answer is one', more: { text: '能来', confidence: 0.2, robot: { endsWithQuestion: true, endAtMs: 1_600 } }, expected: true },
  { why: '停 is one anywhere', more: { text: '停' }, expected: true },
  { why: 'a greeting into the opening is none', more: { text: '喂，你好', overProtected: true }, expected: false },
  { why: 'other words into the opening are one', more: { text: '喂哪位', overProtected: true }, expected: true },
  { why: 'a short sound without words is none', more: { text: '', robot: { endsWithQuestion: false, endAtMs: -Infinity } }, expected: false },
  { why: 'a long one is somebody who was not understood', more: { text: '', voicedMs: 700, endAtMs: 1_900, robot: { endsWithQuestion: false, endAtMs: 1_000 } }, expected: true },
  { why: 'but not over the robot', more: { text: '', voicedMs: 700, endAtMs: 1_900, robot: { endsWithQuestion: true, endAtMs: 1_100 } }, expected: false },
] satisfies { why: string; more: Partial<typeof spoken>; expected: boolean }[]) {
  test(why, () => assert.equal(isTurn({ ...spoken, ...more }), expected))
}

test('the defaults agree with one another', () => {
  const { duckMs, voicedMsMin, voicedMsBlind, backchannelMsMax, restoreMs, resumeAfterWordMs, resumeAfterSoundMs, resumeAfterFewMs, pauseMsMax } = bargeInDefaults
  assert.ok(duckMs < voicedMsMin && voicedMsMin <= 250 && voicedMsMin < voicedMsBlind && voicedMsBlind <= backchannelMsMax)
  assert.ok(restoreMs < resumeAfterWordMs && resumeAfterWordMs <= resumeAfterSoundMs && resumeAfterSoundMs < resumeAfterFewMs && resumeAfterFewMs < pauseMsMax)
})
