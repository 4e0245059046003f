// Knows the label that tells machines that a recording holds a synthetic voice. Does not know files or calls.
import type { WavChunk } from './wav.ts'

/**
 * Name of the RIFF chunk: the practice guide to the standard gives WAV files a chunk of this name. Players skip it.
 * It lies between the format and the samples. Behind the samples it would not be there yet when a crash cuts the file, and
 * the end of the samples could no longer be told from the end of the file.
 */
export const AIGC_CHUNK = 'AIGC'

/** Who made and who hands out what the recordings of this installation hold: a name or the code of the registered provider. */
export type AigcProvider = {
  producer: string
  /** The same as the producer when not given. */
  propagator?: string | undefined
}

/** Implicit label of GB 45438-2025, appendix E: every value is text, '' where there is none. */
export type AigcLabel = {
  /** '1': generated or synthesised for certain. Ours speaks in every recording. */
  Label: '1'
  ContentProducer: string
  ProduceID: string
  ReservedCode1: string
  ContentPropagator: string
  PropagateID: string
  ReservedCode2: string
}

/** The label of one recording; `contentId` names it for its producer. */
export function aigcLabel({ producer, propagator = producer }: AigcProvider, contentId: string): AigcLabel {
  return { Label: '1', ContentProducer: producer, ProduceID: contentId, ReservedCode1: '', ContentPropagator: propagator, PropagateID: contentId, ReservedCode2: '' }
}

/** Shape: `{"AIGC":{…}}` in UTF-8. */
export function aigcChunk(label: AigcLabel): WavChunk {
  return { id: AIGC_CHUNK, body: Buffer.from(JSON.stringify({ AIGC: label })) }
}
