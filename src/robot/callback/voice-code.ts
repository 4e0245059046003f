// Reads a list of what to play: files, addresses and $variables$ in any order. Pure. Does not know who plays it.
import type { SayPart } from '../robot.ts'

const partsMax = 50
/** Of one variable: some three minutes of speech. */
const textCharsMax = 1_000

/** As accounts name their files. */
const fileShape = /^[0-9A-Za-z][0-9A-Za-z_-]{0,38}(?:\.(?:wav|mp3))?$/
const variableShape = /^\$(.{1,64})\$$/u

/** What cannot be played is left out and told in `left`. A code without any comma is a list of one. */
export function partsOf(code: string, texts: Readonly<Record<string, string>>, filePrefix: string): { parts: SayPart[]; left: string[] } {
  const parts: SayPart[] = []
  const left: string[] = []
  const items = code.split(/[,，]/).map((item) => item.trim()).filter((item) => item !== '')
  if (items.length > partsMax) left.push(`more than ${partsMax} items`)
  for (const item of items.slice(0, partsMax)) {
    const name = variableShape.exec(item)?.[1]
    if (name !== undefined) {
      const text = Object.hasOwn(texts, name) ? spoken(texts[name]!) : ''
      if (text === '') left.push(`${item} has no text`)
      else parts.push({ type: 'text', text })
    } else if (/^https?:\/\//i.test(item)) {
      if (URL.canParse(item) && item.length <= 2_000) parts.push({ type: 'url', url: item })
      else left.push(`${item.slice(0, 80)} is no address`)
    } else if (fileShape.test(item)) parts.push({ type: 'file', code: `${filePrefix}${item}` })
    else left.push(`${item.slice(0, 80)} is no file`)
  }
  return { parts, left }
}

/** What nobody can say is a space; what nobody would wait for is cut off. */
function spoken(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\ufffd]+/gu, ' ').trim().slice(0, textCharsMax)
}
