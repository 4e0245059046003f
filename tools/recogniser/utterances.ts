// Knows how a text becomes labelled synthetic speech, and how test sets are made of it. Does not know files or training.
import { phrases } from './corpus.ts'
import { toEspeakText, toPinyin } from './pinyin.ts'
import { Random } from './random.ts'
import { SpeechPool, testScene, toTelephoneRate, type TestCondition } from './scenes.ts'
import type { Style, Synthesiser } from './synthesiser.ts'
import { pickVoice, type Split } from './voices.ts'

export type Utterance = {
  /** 8 kHz, 16-bit scale. */
  samples: Float32Array
  /** Syllables with tones; English words as "@word5". */
  label: string[]
  text: string
}

type Delivery = Style & { speed: number; joinProbability: number }

function randomDelivery(random: Random, split: Split, isEnglish: boolean): Delivery {
  const train = split === 'train'
  return {
    language: isEnglish ? random.pick(['en-us', 'en-us', 'en-gb']) : 'cmn-latn-pinyin',
    variant: pickVoice(random, split),
    rate: isEnglish ? random.range(130, 215) : train ? random.range(165, 345) : random.range(170, 340),
    pitch: train ? random.range(15, 85) : random.range(25, 75),
    range: train && random.chance(0.5) ? random.range(25, 80) : 50,
    speed: train ? random.range(0.85, 1.17) : random.range(0.95, 1.05),
    joinProbability: random.chance(0.6) ? 0 : random.range(0.2, 0.7),
  }
}

export function speak(synthesiser: Synthesiser, text: string, random: Random, split: Split): Utterance {
  const isEnglish = /^[a-z]/.test(text)
  const delivery = randomDelivery(random, split, isEnglish)
  const reading = isEnglish ? undefined : toPinyin(text)
  const label = reading?.syllables ?? text.split(' ').map((word) => `@${word}5`)
  const input = reading ? toEspeakText(reading.units, () => random.chance(delivery.joinProbability)) : text
  const samples = label.length > 0 ? synthesiser.speak(input, delivery) : new Float32Array(0)
  return { samples: toTelephoneRate(samples, delivery.speed), label, text }
}

/** Named test conditions. */
export const CONDITIONS = {
  seen_clean: ['seen', {}],
  seen_20db: ['seen', { snrDb: 20 }],
  seen_10db: ['seen', { snrDb: 10 }],
  unseen_clean: ['unseen', {}],
  unseen_10db: ['unseen', { snrDb: 10 }],
  level_jump: ['seen', { snrDb: 15, levelJump: true }],
  packet_loss: ['seen', { snrDb: 30, lossRate: 0.02 }],
  own_echo: ['seen', { snrDb: 30, echoDb: -24 }],
} as const satisfies Record<string, readonly [Split, TestCondition]>

export type TestItem = Utterance & { pcm: Int16Array }

/** A list of texts under one condition. */
export function makeTestSet(synthesiser: Synthesiser, texts: readonly string[], [split, condition]: readonly [Split, TestCondition], seed: number): TestItem[] {
  const random = new Random(seed)
  const pool = new SpeechPool()
  for (const text of phrases.slice(0, 8)) pool.add(speak(synthesiser, text, random, 'seen').samples)
  return texts.map((text) => {
    const spoken = speak(synthesiser, text, random, split)
    return { ...spoken, pcm: testScene(spoken.samples, condition, pool, random) }
  })
}
