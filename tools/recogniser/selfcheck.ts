// Knows whether the recogniser understands freshly synthesised speech. Does not know how it is trained.
//
//   node tools/recogniser/selfcheck.ts [seed]
//
// Synthesises 50 utterances with a new seed, recognises them as streams and compares. Exit status 1 below a floor.
import { CallRecogniser } from '../../src/speech/asr/builtin/call-recogniser.ts'
import { loadLexicon } from '../../src/speech/asr/builtin/lexicon-file.ts'
import { loadModel } from '../../src/speech/asr/builtin/model-file.ts'
import { StepStream, type Step } from '../../src/speech/asr/builtin/network.ts'
import { PhraseGrammar } from '../../src/speech/asr/builtin/phrase-grammar.ts'
import { phrases } from './corpus.ts'
import { Random } from './random.ts'
import { editDistance } from '../../src/speech/asr/builtin/phrase-grammar.ts'
import { percent, recognise, syllablesOf, textUnits, toneless } from './scoring.ts'
import { templateSentence } from './sentences.ts'
import { alawRoundTrip, colouredNoise, scale, toneBursts } from './signals.ts'
import { createSynthesiser } from './synthesiser.ts'
import { makeTestSet } from './utterances.ts'

const FLOORS = { syllables: 0.92, characters: 0.9, phrases: 0.88, streaming: 1, silence: 1 }
/** Half of the texts are phrases of the list, half are new sentences. */
const HALF = 25

const seed = Number(process.argv[2] ?? Date.now() % 1e6)
const started = performance.now()
const random = new Random(seed)
const texts = [...Array.from({ length: HALF }, () => random.pick(phrases)), ...Array.from({ length: HALF }, () => templateSentence(random))]
const items = makeTestSet(await createSynthesiser(), texts, ['seen', { snrDb: 20 }], seed + 1)

const directory = new URL('../../src/speech/asr/builtin/model/', import.meta.url)
const model = loadModel(directory)
const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)

function accuracy(): { syllables: number; characters: number; phrases: number } {
  const open = new CallRecogniser(model, lexicon)
  const closed = new CallRecogniser(model, lexicon, new PhraseGrammar(phrases, lexicon))
  const sums = { syllableErrors: 0, syllables: 0, characterErrors: 0, characters: 0, phrasesRight: 0 }
  items.forEach(({ pcm, label, text }, i) => {
    const result = recognise(open, pcm)
    sums.syllableErrors += editDistance(toneless(label), syllablesOf(result))
    sums.syllables += label.length
    sums.characterErrors += editDistance(textUnits(text), textUnits(result.text))
    sums.characters += textUnits(text).length
    if (i >= HALF) return
    const match = recognise(closed, pcm)
    // Phrases that sound alike cannot be told apart.
    if (match.source === 'phrase' && String(lexicon.pronounce(match.text)) === String(lexicon.pronounce(text))) sums.phrasesRight++
  })
  return { syllables: 1 - sums.syllableErrors / sums.syllables, characters: 1 - sums.characterErrors / sums.characters, phrases: sums.phrasesRight / HALF }
}

function stepsOf(pcm: Int16Array, blockSamples: number): Step[] {
  const stream = new StepStream(model)
  const steps: Step[] = []
  for (let at = 0; at < pcm.length; at += blockSamples) steps.push(...stream.accept(pcm.subarray(at, at + blockSamples)))
  return [...steps, ...stream.flush()]
}

/** Any block size gives exactly the numbers of the whole signal. */
function streamingIsExact(): boolean {
  return items.slice(0, 5).every(({ pcm }) => {
    const whole = stepsOf(pcm, pcm.length)
    return [160, 37].every((blockSamples) => {
      const pieces = stepsOf(pcm, blockSamples)
      return pieces.length === whole.length && pieces.every((step, i) => step.units.every((value, unit) => value === whole[i]!.units[unit]))
    })
  })
}

/** Call progress tones and noise have no words. */
function staysSilent(): boolean {
  const sounds = [toneBursts(80_000, [450], [1, 4]), toneBursts(40_000, [450], [0.35, 0.35]), colouredNoise(40_000, 0.5, random)]
  return sounds.every((sound) => recognise(new CallRecogniser(model, lexicon), alawRoundTrip(scale(sound, 2000))).text === '')
}

const scores: Record<keyof typeof FLOORS, number> = { ...accuracy(), streaming: streamingIsExact() ? 1 : 0, silence: staysSilent() ? 1 : 0 }
let failed = false
for (const name of Object.keys(FLOORS) as (keyof typeof FLOORS)[]) {
  const passed = scores[name] >= FLOORS[name]
  failed ||= !passed
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} ${percent(scores[name])} (floor ${percent(FLOORS[name])})`)
}
console.log(`seed ${seed}, ${items.length} utterances, ${((performance.now() - started) / 1000).toFixed(1)} s`)
process.exit(failed ? 1 : 0)
