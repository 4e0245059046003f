// Checks the verdict on who picked up, from words, sound and tones, frame by frame. No recogniser: words come when the test says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, FRAME_SAMPLES, type Frame } from '../../media/frame.ts'
import { ToneGenerator, tones } from '../../media/tone.ts'
import { framesOf } from '../asr/builtin/fixtures.ts'
import { noises, withNoise } from '../early-media/noise.test-data.ts'
import { silentFrames, voiceFrames } from '../testing.ts'
import { AnsweredBy } from './answered-by.ts'
import type { Verdict } from './judgement.ts'
import { machineSays, personSays } from './labelled-answers.test-data.ts'
import { machineIn } from './machine-words.ts'

const samplesOf = (ms: number): number => ms * 8

class Answer {
  readonly verdicts: (Verdict & { atMs: number })[] = []
  readonly rings: { rings: boolean; atMs: number }[] = []
  readonly refused: string[] = []
  readonly ear: AnsweredBy
  ms = 0

  constructor(rangMs?: number) {
    this.ear = new AnsweredBy({
      rangMs,
      onVerdict: (verdict) => this.verdicts.push({ ...verdict, atMs: this.ms }),
      onRinging: (rings) => this.rings.push({ rings, atMs: this.ms }),
      onRefused: (tone) => this.refused.push(tone),
    })
  }

  hears(frames: readonly Frame[]): this {
    for (const frame of frames) {
      this.ms += FRAME_MS
      this.ear.push([frame])
    }
    return this
  }

  tone(hz: number, ms: number): this {
    return this.hears(framesOf(new ToneGenerator({ frequencyHz: hz, cadenceMs: [ms, 60_000] }).next(samplesOf(ms))))
  }

  /** Sound of speech, with its text settled after the usual half second. */
  says(text: string, ms = Math.min(8_000, 300 + text.length * 180)): this {
    this.hears(voiceFrames(ms)).hears(silentFrames(500))
    this.ear.hear(text, true)
    return this.hears(silentFrames(1_000))
  }

  get who(): string | undefined {
    return this.ear.verdict?.who
  }
}

void describe('words of who picked up', () => {
  void test('confusion table of texts: no machine is missed, and at most one person in a hundred is taken for one', () => {
    const confused: string[] = []
    const missed: string[] = []
    let machines = 0
    for (const [who, texts] of Object.entries(machineSays)) {
      for (const text of texts) {
        machines += 1
        const found = machineIn(text)
        if (found?.machine !== who || !found.decisive) missed.push(`${text}: ${found?.machine ?? 'person'} instead of ${who}`)
      }
    }
    for (const text of personSays) if (machineIn(text)?.decisive) confused.push(`${text}: ${machineIn(text)!.cues.join('+')}`)
    assert.ok(machines >= 30 && personSays.length >= 100)
    assert.deepEqual(missed, [])
    assert.ok(confused.length / personSays.length <= 0.01, confused.join('\n'))
  })

  void test('of people do not make a machine of them, however fast, long and clean the line', () => {
    const confused = personSays.filter((text) => {
      const answer = new Answer(200).says(text, Math.max(2_800, text.length * 200))
      return answer.who !== 'person'
    })
    assert.deepEqual(confused, [])
  })

  void test('in the wrong characters are read by their sound', () => {
    for (const [heard, who] of [['您好我是机主的只能助理请问有什么事', 'assistant'], ['请在滴声后流言', 'voicemail'], ['您播打的电话已官机请稍后再播', 'announcement'], ['请滞拨分机号', 'ivr']] as const) assert.equal(machineIn(heard)?.machine, who, heard)
  })
})

void describe('who picked up', () => {
  for (const [who, texts] of Object.entries(machineSays)) {
    void test(`is ${who}, known within 2 s of the words`, () => {
      for (const text of texts) {
        const answer = new Answer(4_000).says(text)
        assert.equal(answer.who, who, text)
        const spokenMs = Math.min(8_000, 300 + text.length * 180)
        const machine = answer.verdicts.find((verdict) => verdict.who === who)!
        assert.ok(machine.atMs <= spokenMs + 2_000, `${text}: ${machine.atMs} ms`)
        assert.match(machine.because[0]!, /^words:/)
      }
    })
  }

  void test('is known while the greeting goes on, when unsettled words have said so for 0.3 s', () => {
    const answer = new Answer().hears(voiceFrames(2_000))
    answer.ear.hear('您好我是机主的智能助理', false)
    answer.hears(voiceFrames(280))
    assert.equal(answer.who, undefined)
    answer.hears(voiceFrames(100))
    assert.equal(answer.who, 'assistant')
    const wavering = new Answer().hears(voiceFrames(1_000))
    wavering.ear.hear('您好请留言', false)
    wavering.hears(voiceFrames(100))
    wavering.ear.hear('您好请六点来', false)
    wavering.hears(voiceFrames(600))
    assert.equal(wavering.who, undefined, 'what is taken back in time was never said')
  })

  void test('is a person after a short word and a pause, at the latest when nothing of a machine was said', () => {
    const short = new Answer(3_000).says('喂', 400)
    assert.deepEqual(short.verdicts.map(({ who, because }) => [who, because]), [['person', ['short-greeting']]])
    assert.ok(short.verdicts[0]!.atMs <= 400 + 800)
    const long = new Answer(3_000).hears(voiceFrames(6_000))
    assert.deepEqual(long.verdicts.map(({ who }) => who), ['person'])
  })

  void test('is nobody yet where nobody spoke', () => {
    assert.deepEqual(new Answer().hears(silentFrames(19_000)).verdicts, [])
  })

  void test('is a machine after all when a person seemed to be there and decisive words follow', () => {
    const answer = new Answer(3_000).says('你好', 500).says('我是机主的智能助理请问有什么事')
    assert.deepEqual(answer.verdicts.map(({ who }) => who), ['person', 'assistant'])
  })

  void test('stays a person once they have said who they are, and after the time for it', () => {
    const known = new Answer(3_000).says('你好', 500)
    known.ear.isInTalk()
    known.says('你要是找不到我就请留言')
    assert.equal(known.who, 'person')
    const late = new Answer(3_000).says('你好', 500).hears(silentFrames(20_000)).says('请在提示音后留言')
    assert.equal(late.who, 'person')
  })

  void test('is never a machine by its sound alone: long, early and clean', () => {
    const answer = new Answer(100).hears(voiceFrames(8_000)).hears(silentFrames(3_000))
    assert.deepEqual(answer.verdicts.map(({ who }) => who), ['person'])
  })

  void test('words that people use as well count when all the rest speaks for a machine', () => {
    const hint = '您好，主人不方便接听电话，有什么事我来转达'
    assert.equal(new Answer(300).says(hint, 4_000).who, 'assistant')
    assert.equal(new Answer(4_000).says(hint, 4_000).who, 'person', 'it rang like a telephone that somebody has to reach')
  })
})

void describe('a beep', () => {
  for (const hz of [425, 440, 850, 1_000, 1_400, 2_000]) {
    void test(`of ${hz} Hz after a long greeting, and then silence, is a voicemail, whatever the words were`, () => {
      const answer = new Answer(3_000).hears(voiceFrames(4_000)).hears(silentFrames(400)).tone(hz, 500).hears(silentFrames(1_500))
      assert.equal(answer.who, 'voicemail')
      const { because, atMs } = answer.verdicts.at(-1)!
      assert.deepEqual(because.slice(0, 2), ['beep', 'long-speech'])
      assert.ok(atMs <= 4_000 + 400 + 500 + 2_000, `${atMs} ms`)
    })
  }

  void test('is known in noise', () => {
    for (const noise of noises) {
      const pcm = new Int16Array(samplesOf(6_500))
      voiceFrames(4_000).forEach((frame, i) => pcm.set(frame, i * FRAME_SAMPLES))
      pcm.set(new ToneGenerator({ frequencyHz: 1_000, cadenceMs: [500, 60_000] }).next(samplesOf(500)), samplesOf(4_400))
      assert.equal(new Answer(3_000).hears(framesOf(withNoise(pcm, noise, -55, 1))).who, 'voicemail', noise)
    }
  })

  void test('is nothing after a short word, before speech, or in the middle of it', () => {
    assert.equal(new Answer(3_000).hears(voiceFrames(500)).hears(silentFrames(400)).tone(1_000, 500).hears(silentFrames(2_000)).who, 'person')
    assert.equal(new Answer(3_000).tone(1_000, 500).hears(silentFrames(1_000)).says('喂', 400).who, 'person')
    assert.equal(new Answer(3_000).hears(voiceFrames(4_000)).tone(1_000, 500).hears(voiceFrames(2_000)).hears(silentFrames(1_600)).who, 'person')
  })

  void test('of another length is none', () => {
    for (const ms of [80, 3_000]) assert.notEqual(new Answer(3_000).hears(voiceFrames(4_000)).hears(silentFrames(300)).tone(1_000, ms).hears(silentFrames(2_000)).who, 'voicemail', `${ms} ms`)
  })
})

void describe('a fax', () => {
  void test('is known by its answering tone within 2 s, and by a calling tone', () => {
    const answering = new Answer(3_000).hears(silentFrames(1_000)).tone(2_100, 3_300)
    assert.deepEqual(answering.verdicts.map(({ who }) => who), ['fax'])
    assert.ok(answering.verdicts[0]!.atMs <= 3_000)
    const calling = new Answer(3_000)
    for (let i = 0; i < 2; i += 1) calling.tone(1_100, 500).hears(silentFrames(3_000))
    assert.equal(calling.who, 'fax')
  })
})

const ringback = (ms: number): Frame[] => framesOf(new ToneGenerator(tones.ringback).next(samplesOf(ms)))

void describe('a false answer', () => {
  void test('is ringing that goes on; a voice ends it, and is judged as if it had just picked up', () => {
    const answer = new Answer(100).hears(ringback(11_000)).says('喂', 400)
    assert.deepEqual(answer.rings.map(({ rings }) => rings), [true, false])
    assert.ok(answer.rings[0]!.atMs <= 2_600 && answer.rings[1]!.atMs >= 11_000)
    assert.deepEqual(answer.verdicts.map(({ who }) => who), ['person'])
  })

  void test('is suspected at the first tone, so that nobody speaks into the ringing', () => {
    const answer = new Answer(100).hears(ringback(400))
    assert.equal(answer.ear.mayBeRinging, true)
    assert.deepEqual(answer.rings, [])
  })

  void test('ends when the next ring does not come', () => {
    const answer = new Answer(100).hears(ringback(11_000)).hears(silentFrames(6_000))
    assert.deepEqual(answer.rings.map(({ rings }) => rings), [true, false])
    assert.ok(answer.rings[1]!.atMs <= 11_000 + 4_800, `${answer.rings[1]!.atMs} ms`)
  })

  void test('that ends in a tone of refusal says so', () => {
    const answer = new Answer(100).hears(ringback(10_000)).hears(framesOf(new ToneGenerator(tones.busy).next(samplesOf(4_000))))
    assert.deepEqual(answer.refused, ['busy'])
    assert.deepEqual(new Answer(100).hears(framesOf(new ToneGenerator(tones.vacantNumber).next(samplesOf(4_000)))).refused, ['vacant-number'])
  })

  void test('is none when a voice was there first, or only a beep', () => {
    const answer = new Answer(3_000).says('喂', 400).hears(ringback(8_000))
    assert.deepEqual([answer.rings, answer.refused], [[], []])
    const beep = new Answer(3_000).tone(440, 500).hears(silentFrames(4_000))
    assert.deepEqual(beep.rings, [])
    assert.equal(beep.ear.mayBeRinging, false)
  })
})
