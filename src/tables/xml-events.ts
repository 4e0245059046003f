// Knows how the XML inside a workbook is read as it comes: elements by their local names, in bounded memory. Does not know what they mean.
import { SaxesParser } from 'saxes'
import { InvalidInputError } from '../errors.ts'

export type XmlHandlers = {
  /** Prefixes are cut off: some programs write `<x:row>`. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

/** Characters of one text or tag. A cell of Excel has 32,767 at most. */
const runCharsMax = 256 * 1024

/**
 * Tells `on` what is in the document, and pauses after each piece so that what was found can be taken away.
 * Errors: InvalidInputError for what is no well-formed XML, has a document type (nothing in a workbook does), or one text without end.
 */
export async function* xmlEvents(bytes: AsyncIterable<Uint8Array>, on: XmlHandlers): AsyncGenerator<void> {
  const parser = new SaxesParser()
  let read = 0
  let seen = 0
  parser.on('error', (error) => {
    throw broken(error)
  })
  parser.on('doctype', () => {
    throw broken(new Error('a document type'))
  })
  parser.on('opentag', ({ name, attributes }) => {
    seen = read
    on.open?.(local(name), attributes)
  })
  parser.on('text', (text) => on.text?.(text))
  parser.on('cdata', (text) => on.text?.(text))
  parser.on('closetag', ({ name }) => {
    seen = read
    on.close?.(local(name))
  })
  let decoder: InstanceType<typeof TextDecoder> | undefined
  for await (const piece of bytes) {
    decoder ??= new TextDecoder(piece[0] === 0xff && piece[1] === 0xfe ? 'utf-16le' : piece[0] === 0xfe && piece[1] === 0xff ? 'utf-16be' : 'utf-8')
    const text = decoder.decode(piece, { stream: true })
    read += text.length
    parser.write(text)
    if (read - seen > runCharsMax) throw broken(new Error('one text without end'))
    yield
  }
  parser.close()
  yield
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1)

function broken(cause: Error): InvalidInputError {
  return new InvalidInputError('file', '文件内容已损坏：请重新保存后上传，或另存为 CSV。 The file is damaged inside: save it again, or as CSV.', [], { cause })
}
