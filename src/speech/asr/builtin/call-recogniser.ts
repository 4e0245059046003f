// Knows one call's recognition: audio in, partial and final text out. Does not know threads or clocks.
import { FRAME_SAMPLES } from '../../../media/frame.ts'
import { BeamSearch, SURE_BLANK, joinWords, type BeamResult } from './beam-search.ts'
import { STEP_MS, STEP_SAMPLES } from './features.ts'
import { GreedySyllables } from './greedy-syllables.ts'
import type { WordSource } from './lexicon.ts'
import type { AcousticModel } from './model-file.ts'
import { BLANK, StepStream, type Step } from './network.ts'
import type { PhraseGrammar } from './phrase-grammar.ts'

export type Recognition = {
  text: string
  /** 'phrase': from the list; 'open': any words. */
  source: 'phrase' | 'open'
  /** 0 … 1; below 0.3 the words should not be trusted. */
  confidence: number
  /** Toneless syllables as heard, separated by spaces. */
  syllables: string
  /** Where the words begin and end, in milliseconds of audio since the utterance began. 0 without words. */
  beginMs: number
  endMs: number
}

/** Largest distance per syllable at which a phrase wins over open decoding. */
const PHRASE_DISTANCE_MAX = 1.5
/** Longest speech, pauses not counted, that is compared with the phrase list: 18 s. */
const PHRASE_STEPS_MAX = 600
/** After this much audio the words so far are settled at the next pause … */
const SETTLE_AT_PAUSE_STEPS = 500
/** … or anyway, so that neither memory nor work grows with an utterance that never ends: 30 s. */
const SETTLE_STEPS_MAX = 1000
/** A pause: 300 ms of sure silence. */
const PAUSE_STEPS = 10
/** Settled text kept of one utterance; later words are lost. Ten minutes of speech. */
const SETTLED_CHARACTERS_MAX = 3000
// CTC places a syllable inside its sound: the first one about this long after the voice begins,
// the last one about this long before it ends. Medians of the fixtures.
const ONSET_LEAD_MS = 60
const ENDING_TAIL_MS = 90
/** Put before an utterance that begins in the middle of a sound: the network was trained with silence first, and loses a word without. */
const LEAD_IN = new Int16Array(2 * STEP_SAMPLES)
/** Louder than this a first frame is a word. Quieter ones are noise, whose sudden beginning would sound like one. */
const LOUD_START_RMS = 600

/** Feed the audio of one call, utterance after utterance; it keeps the line's level between them. */
export class CallRecogniser {
  readonly #model: AcousticModel
  readonly #words: WordSource
  readonly #grammar: PhraseGrammar | undefined
  readonly #stream: StepStream
  #steps: Step[] = []
  #greedy = new GreedySyllables()
  #beam: BeamSearch
  /** Audio of the utterance was accepted. */
  #begun = false
  #leadInSteps = 0
  /** Steps of the utterance, those of the lead-in included. */
  #stepCount = 0
  #silentSteps = 0
  #lastText = ''
  /** Words of this utterance that will not change any more. */
  #settled: Recognition | undefined
  #settledSteps = 0

  constructor(model: AcousticModel, words: WordSource, grammar?: PhraseGrammar) {
    this.#model = model
    this.#words = words
    this.#grammar = grammar
    this.#stream = new StepStream(model)
    this.#beam = new BeamSearch(words)
  }

  /** 8 kHz PCM of any length; the text so far when it changed. */
  accept(pcm: Int16Array): Recognition | undefined {
    if (!this.#begun) this.#begin(pcm)
    const heardBefore = this.#greedy.heard.length
    this.#take(this.#stream.accept(pcm))
    if (this.#greedy.heard.length === heardBefore) return undefined
    const partial = this.#withSettled(this.#open(this.#beam.result()))
    if (partial.text === this.#lastText) return undefined
    this.#lastText = partial.text
    return partial
  }

  /** End of the utterance; ready for the next one. */
  flush(): Recognition {
    this.#take(this.#stream.flush())
    const result = this.#settled ? this.#withSettled(this.#open(this.#beam.result())) : this.#preferPhrase(this.#open(this.#beam.result()))
    this.#startBeam()
    this.#begun = false
    this.#leadInSteps = 0
    this.#stepCount = 0
    this.#settled = undefined
    this.#settledSteps = 0
    this.#lastText = ''
    return result
  }

  #begin(pcm: Int16Array): void {
    this.#begun = true
    const first = pcm.subarray(0, FRAME_SAMPLES)
    const energy = first.reduce((sum, sample) => sum + sample * sample, 0)
    if (energy <= LOUD_START_RMS ** 2 * first.length) return
    this.#leadInSteps = LEAD_IN.length / STEP_SAMPLES
    this.#take(this.#stream.accept(LEAD_IN))
  }

  #take(steps: readonly Step[]): void {
    for (const step of steps) {
      const silent = step.units[BLANK]! > SURE_BLANK
      // Of a pause only one step is kept for the phrases, so that silence costs no memory.
      if (!(silent && this.#silentSteps > 0) && this.#steps.length < PHRASE_STEPS_MAX) this.#steps.push(step)
      this.#silentSteps = silent ? this.#silentSteps + 1 : 0
      this.#greedy.push(step)
      this.#beam.push(step)
      this.#stepCount++
      const length = this.#stepCount - this.#settledSteps
      if (length >= SETTLE_STEPS_MAX || (length >= SETTLE_AT_PAUSE_STEPS && this.#silentSteps >= PAUSE_STEPS)) this.#settle()
    }
  }

  /** Closes the search over the words so far; the network runs on. */
  #settle(): void {
    if (this.#greedy.heard.length > 0) this.#settled = this.#withSettled(this.#open(this.#beam.result()))
    this.#settledSteps = this.#stepCount
    this.#startBeam()
  }

  #startBeam(): void {
    this.#steps = []
    this.#greedy = new GreedySyllables()
    this.#beam = new BeamSearch(this.#words)
    this.#silentSteps = 0
  }

  #open(result: BeamResult): Recognition {
    const { heard } = this.#greedy
    const first = heard[0]
    const last = heard.at(-1)
    // The search alone would find words in noise: what never was the most probable sound was not said.
    if (!first || !last) return { text: '', source: 'open', confidence: 0, syllables: '', beginMs: 0, endMs: 0 }
    const positionMs = (step: number) => (step - this.#leadInSteps) * STEP_MS
    const endMs = positionMs(this.#settledSteps + last.step + 1) + ENDING_TAIL_MS
    return {
      text: result.text,
      source: 'open',
      confidence: result.confidence,
      syllables: heard.map(({ unit }) => this.#model.header.units[unit]).join(' '),
      beginMs: Math.max(0, positionMs(this.#settledSteps + first.step) - ONSET_LEAD_MS),
      endMs: Math.min(endMs, positionMs(this.#stepCount)),
    }
  }

  #withSettled(rest: Recognition): Recognition {
    const settled = this.#settled
    if (!settled) return rest
    if (rest.text === '') return settled
    return {
      text: settled.text.length < SETTLED_CHARACTERS_MAX ? joinWords([settled.text, rest.text]) : settled.text,
      source: 'open',
      confidence: Math.min(settled.confidence, rest.confidence),
      syllables: `${settled.syllables} ${rest.syllables}`.slice(0, 10 * SETTLED_CHARACTERS_MAX),
      beginMs: settled.beginMs,
      endMs: rest.endMs,
    }
  }

  #preferPhrase(open: Recognition): Recognition {
    if (!this.#grammar || this.#steps.length >= PHRASE_STEPS_MAX) return open
    const match = this.#grammar.match(this.#steps, this.#greedy.heard)
    if (!match || match.distance > PHRASE_DISTANCE_MAX) return open
    return { ...open, text: match.text, source: 'phrase', confidence: match.confidence }
  }
}
