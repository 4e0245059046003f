// Knows where in a YAML (or JSON) text a value stands, so that messages can name the line. Does not know what the values mean.
import { isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml'

export type YamlText = {
  /** Plain data; undefined while `broken` is not empty. */
  value: unknown
  /** What keeps the text from being YAML, one entry per mistake. */
  broken: readonly { line: number; message: string }[]
  /** Line, from 1, of the deepest part of a path that stands in the text; the key's line for a value with a name. */
  lineOf: (at: readonly PropertyKey[]) => number
  /** The part of a path that stands in the text. */
  knownPart: (at: readonly PropertyKey[]) => readonly PropertyKey[]
}

export function readYaml(source: string): YamlText {
  const counter = new LineCounter()
  const document = parseDocument(source, { lineCounter: counter })
  const broken = document.errors.map(({ pos, message }) => ({ line: counter.linePos(pos[0]).line, message: message.split('\n')[0]! }))
  let value: unknown
  try {
    value = broken.length > 0 ? undefined : document.toJS()
  } catch (error) {
    // Aliases that unfold to millions of values, or to themselves.
    broken.push({ line: 1, message: (error as Error).message.split('\n')[0]! })
  }
  const nodeAt = (at: readonly PropertyKey[]): unknown => (at.length === 0 ? document.contents : keyOrValue(document, at))
  const knownPart = (at: readonly PropertyKey[]): readonly PropertyKey[] => {
    let length = at.length
    while (length > 0 && !isNode(nodeAt(at.slice(0, length)))) length -= 1
    return at.slice(0, length)
  }
  return {
    value,
    broken,
    knownPart,
    lineOf(at) {
      const node = nodeAt(knownPart(at))
      return isNode(node) && node.range ? counter.linePos(node.range[0]).line : 1
    },
  }
}

function keyOrValue(document: ReturnType<typeof parseDocument>, at: readonly PropertyKey[]): unknown {
  const parent = document.getIn(at.slice(0, -1), true)
  const last = at.at(-1)
  if (isMap(parent)) return parent.items.find((pair) => String(isNode(pair.key) ? pair.key.toJSON() : pair.key) === String(last))?.key
  if (isSeq(parent)) return parent.items[Number(last)]
  return undefined
}
