// Knows in which encoding a text file is written, and decodes it piece by piece. Does not know what the text says.
import { isAscii } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { headOf, type TableFile } from './table-file.ts'

export const encodings = ['utf-8', 'gb18030', 'big5', 'utf-16le', 'utf-16be'] as const
export type Encoding = (typeof encodings)[number]

/** Bytes that are judged, counted from the first one that is not ASCII. */
const sampleBytes = 64 * 1024

const marks: readonly { bytes: readonly number[]; encoding: Encoding }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
  // U+FEFF in GB 18030, as some editors begin it.
  { bytes: [0x84, 0x31, 0x95, 0x33], encoding: 'gb18030' },
]

/**
 * The encoding by its byte order mark, else by the bytes: UTF-16 shows in the zero bytes of its digits and line ends, UTF-8 in its
 * sequences; what is neither is GB 18030 (which GBK and GB 2312 are part of) when it can be. Big5 is never guessed: the same bytes are GBK.
 * Errors: InvalidInputError when it is no text in any of them.
 */
export async function detectEncoding(file: TableFile): Promise<Encoding> {
  const head = await headOf(file, 4_096)
  const marked = marks.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte))
  if (marked) return marked.encoding
  const wide = wideEncoding(head)
  if (wide) return wide
  const sample = await sampleBeyondAscii(file)
  if (sample === undefined) return 'utf-8'
  if (sample.includes(0)) throw notText()
  const { good, bad } = countUtf8(sample)
  // A text that is damaged in places is still what most of it is; text in GBK hardly ever reads as UTF-8.
  if (bad === 0 || good >= 10 * bad) return 'utf-8'
  const damaged = new TextDecoder('gb18030').decode(sample).split('\ufffd').length - 1
  if (damaged > sample.length / 100) throw notText()
  return 'gb18030'
}

function notText(): InvalidInputError {
  return new InvalidInputError('file', '认不出文件的编码：请另存为 UTF-8 编码的 CSV，或 .xlsx。 The file is no text that can be read: save it as CSV in UTF-8, or as .xlsx.')
}

/** Tables of numbers are full of digits, separators and line ends, each with a zero byte in UTF-16. */
function wideEncoding(head: Uint8Array): Encoding | undefined {
  const zeros = [0, 0]
  head.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2]! += 1
  })
  const enough = Math.max(2, head.length / 8)
  if (zeros[1]! >= enough && zeros[0]! * 10 < zeros[1]!) return 'utf-16le'
  if (zeros[0]! >= enough && zeros[1]! * 10 < zeros[0]!) return 'utf-16be'
  return undefined
}

/** From the first byte that is not ASCII on; undefined when there is none in the whole file. */
async function sampleBeyondAscii(file: TableFile): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of file.read(0, file.sizeBytes)) {
    if (length === 0 && isAscii(piece) && !piece.includes(0)) continue
    const from = length === 0 ? Math.max(0, piece.findIndex((byte) => byte > 0x7f || byte === 0)) : 0
    pieces.push(piece.subarray(from))
    length += piece.length - from
    if (length >= sampleBytes) break
  }
  return length === 0 ? undefined : Buffer.concat(pieces).subarray(0, sampleBytes)
}

/** Sequences of several bytes that are UTF-8 (Unicode 15 table 3-7), and bytes that cannot be; one cut off by the end is neither. */
function countUtf8(bytes: Uint8Array): { good: number; bad: number } {
  let good = 0
  let bad = 0
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
    if (length > 1 && at + length > bytes.length) break
    const second = bytes[at + 1] ?? 0
    const fits = length === 1 || (length > 0 && bytes.subarray(at + 1, at + length).every((byte) => (byte & 0xc0) === 0x80) && !(lead === 0xe0 && second < 0xa0) && !(lead === 0xed && second > 0x9f) && !(lead === 0xf0 && second < 0x90) && !(lead === 0xf4 && second > 0x8f))
    if (!fits) bad += 1
    else if (length > 1) good += 1
    at += fits ? length : 1
  }
  return { good, bad }
}

/** The text of a file without its byte order mark. Bytes that are wrong become U+FFFD; `behind` is told how many bytes are read. */
export async function* decodeText(file: TableFile, encoding: Encoding, behind?: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding)
  let bytes = 0
  let first = true
  for await (const piece of file.read(0, file.sizeBytes)) {
    bytes += piece.length
    const text = decoder.decode(piece, { stream: true })
    behind?.(bytes)
    if (text === '') continue
    yield first && text.startsWith('\ufeff') ? text.slice(1) : text
    first = false
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}
