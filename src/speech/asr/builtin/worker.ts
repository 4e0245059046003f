// Knows how to recognise many calls on one thread. Does not know the provider, queues or calls.
import { parentPort, workerData } from 'node:worker_threads'
import { assertNever } from '../../../errors.ts'
import { FRAME_MS, FRAME_SAMPLES } from '../../../media/frame.ts'
import { AudioClock } from '../audio-clock.ts'
import { CallRecogniser, type Recognition } from './call-recogniser.ts'
import { HotWordLexicon, type Lexicon } from './lexicon.ts'
import { loadLexicon } from './lexicon-file.ts'
import { loadModel, type AcousticModel } from './model-file.ts'
import { PhraseGrammar } from './phrase-grammar.ts'
import type { FromWorker, GrammarId, StreamId, ToWorker, WorkerData } from './worker-protocol.ts'

/** Silence put in for a gap: enough for the network to see that a word ended, little enough to cost nothing. */
const GAP_SILENCE_FRAMES_MAX = 15
const SILENT_FRAME = new Int16Array(FRAME_SAMPLES)

type Stream = { recogniser: CallRecogniser; clock: AudioClock; takenFrames: Int32Array }

/** Everything a recognition thread does, apart from being a thread. */
class RecognitionThread {
  readonly #model: AcousticModel
  readonly #lexicon: Lexicon
  readonly #post: (message: FromWorker) => void
  readonly #grammars = new Map<GrammarId, PhraseGrammar>()
  readonly #streams = new Map<StreamId, Stream>()

  constructor(model: AcousticModel, lexicon: Lexicon, post: (message: FromWorker) => void) {
    this.#model = model
    this.#lexicon = lexicon
    this.#post = post
  }

  handle(message: ToWorker): void {
    switch (message.type) {
      case 'grammar':
        this.#grammars.set(message.grammar, new PhraseGrammar(message.phrases, this.#lexicon))
        return
      case 'drop-grammar':
        this.#grammars.delete(message.grammar)
        return
      case 'open':
        return this.#open(message)
      case 'audio':
        return this.#audio(message)
      case 'end-utterance':
        return this.#guard(message.stream, (stream) => this.#endUtterance(message.stream, stream, message.atMs))
      case 'close':
        this.#streams.delete(message.stream)
        return
      default:
        assertNever(message)
    }
  }

  #open({ stream, hotWords, grammar, takenFrames }: Extract<ToWorker, { type: 'open' }>): void {
    const words = hotWords.length > 0 ? new HotWordLexicon(this.#lexicon, hotWords) : this.#lexicon
    const phrases = grammar === undefined ? undefined : this.#grammars.get(grammar)
    const recogniser = new CallRecogniser(this.#model, words, phrases)
    this.#streams.set(stream, { recogniser, clock: new AudioClock(), takenFrames: new Int32Array(takenFrames) })
  }

  #audio({ streams, atMs, pcm }: Extract<ToWorker, { type: 'audio' }>): void {
    streams.forEach((id, i) => {
      const frame = pcm.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
      this.#guard(id, (stream) => this.#frame(id, stream, frame, atMs[i]!))
    })
  }

  #frame(id: StreamId, stream: Stream, frame: Int16Array, atMs: number): void {
    const { recogniser, clock, takenFrames } = stream
    const gapFrames = Math.min(GAP_SILENCE_FRAMES_MAX, Math.floor(clock.gapMs(atMs) / FRAME_MS))
    for (let i = 0; i < gapFrames; i++) {
      clock.push(FRAME_SAMPLES, clock.at(clock.lengthMs))
      this.#partial(id, clock, recogniser.accept(SILENT_FRAME))
    }
    clock.push(frame.length, atMs)
    this.#partial(id, clock, recogniser.accept(frame))
    Atomics.add(takenFrames, 0, 1)
  }

  #partial(id: StreamId, clock: AudioClock, partial: Recognition | undefined): void {
    if (!partial) return
    const { text, beginMs, endMs } = partial
    this.#post({ type: 'partial', stream: id, text, beginAtMs: clock.at(beginMs), endAtMs: clock.at(endMs) })
  }

  #endUtterance(id: StreamId, { recogniser, clock }: Stream, atMs: number): void {
    const { text, beginMs, endMs, confidence } = recogniser.flush()
    // Without words the times are those of the audio; without audio, those of the question.
    const empty = clock.lengthMs === 0
    const beginAtMs = empty ? atMs : clock.at(text === '' ? 0 : beginMs)
    const endAtMs = empty ? atMs : clock.at(text === '' ? clock.lengthMs : endMs)
    clock.reset()
    this.#post({ type: 'final', stream: id, text, beginAtMs, endAtMs, confidence })
  }

  /** A mistake in one stream must not end the others. */
  #guard(id: StreamId, work: (stream: Stream) => void): void {
    const stream = this.#streams.get(id)
    if (!stream) return
    try {
      work(stream)
    } catch (error) {
      this.#streams.delete(id)
      this.#post({ type: 'stream-failed', stream: id, reason: error instanceof Error ? error.message : String(error) })
    }
  }
}

function start(port: NonNullable<typeof parentPort>): void {
  const directory = new URL((workerData as WorkerData).modelDirectory)
  const post = (message: FromWorker) => port.postMessage(message)
  try {
    const model = loadModel(directory)
    const lexicon = loadLexicon(new URL('lexicon.txt.gz', directory), model.header.units)
    const thread = new RecognitionThread(model, lexicon, post)
    port.on('message', (message: ToWorker) => thread.handle(message))
    post({ type: 'ready' })
  } catch (error) {
    post({ type: 'unusable', reason: error instanceof Error ? error.message : String(error) })
  }
}

if (parentPort) start(parentPort)
