// Knows how text protocols are damaged: lines, numbers, brackets, tags, lengths, bytes. Does not know what the text means.
import type { Dice } from './fuzz-kind.ts'

/** Texts are byte strings (latin1), so that any byte can stand in them. */
type Mutation = (text: string, dice: Dice) => string

const TEXT_MAX = 70_000
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const numbers = ['-1', '0', '00000000001', '1', '65535', '65536', '2147483647', '2147483648', '4294967295', '4294967296', '18446744073709551616', '9'.repeat(40), '1e309', '0x7f', 'NaN', '-0', '+5', '1.5', ' ']
const splices = ['"', '\\', '\\"', '<', '>', '<<', '>>', ';', ',', ':', '=', '@', '%', '%00', '%zz', '[', ']', '[::', '(', ')', '\0', '\xff', '\xfe\xff', '\x7f', '\x1b[2J', '\r', '\n', '\r\n', '\r\n ', '\r\n\t', '\r\n\r\n', '\n\n', ' ', '\t', '\x0b', ';lr', ';tag=', ';tag=x;tag=y', ';branch=', ';rport', ';maddr=', '?', '&', '*', '../', '__proto__', 'constructor', utf8('\u202e'), utf8('大停電'), utf8('\ufeff'), utf8('😀'), '\xed\xa0\x80', '\xc0\x80']
const openings = [' ', '\t', ';', 'a', '(', '<', '"', '[', '\\', ';a=', ',', '<sip:', '"\\"', '%25', '(\\(']

const lineEnd = /\r?\n/
const spliced = (text: string, at: number, remove: number, insert: string): string => text.slice(0, at) + insert + text.slice(at + remove)

/** Runs `change` on the lines of the head, or of the body when there is more of it. */
function onLines(text: string, change: (lines: string[]) => void): string {
  const lines = text.split(lineEnd)
  change(lines)
  return lines.join('\r\n')
}

const mutations: readonly Mutation[] = [
  // Bytes
  (text, dice) => spliced(text, dice.below(text.length + 1), 0, String.fromCharCode(dice.below(256))),
  (text, dice) => spliced(text, dice.below(text.length + 1), 1, String.fromCharCode(dice.below(256))),
  (text, dice) => spliced(text, dice.below(text.length + 1), dice.size(40), ''),
  (text, dice) => spliced(text, dice.below(text.length + 1), 0, dice.pick(splices)),
  (text, dice) => spliced(text, dice.below(text.length + 1), 0, dice.pick(splices).repeat(dice.size(2_000))),
  (text, dice) => text.slice(0, dice.below(text.length + 1)),
  (text, dice) => text.slice(dice.below(text.length + 1)),
  (text, dice) => {
    const from = dice.below(text.length + 1)
    return spliced(text, dice.below(text.length + 1), 0, text.slice(from, from + dice.size(400)))
  },
  // Lines
  (text, dice) => onLines(text, (lines) => void lines.splice(dice.below(lines.length), 1)),
  (text, dice) => onLines(text, (lines) => {
    const at = dice.below(lines.length)
    lines.splice(at, 0, ...Array<string>(dice.size(400)).fill(lines[at]!))
  }),
  (text, dice) => onLines(text, (lines) => {
    const [a, b] = [dice.below(lines.length), dice.below(lines.length)]
    ;[lines[a], lines[b]] = [lines[b]!, lines[a]!]
  }),
  (text, dice) => onLines(text, (lines) => {
    const [a, b] = [dice.below(lines.length), dice.below(lines.length)]
    const name = /^[^:=]*[:=]/.exec(lines[a]!)?.[0] ?? ''
    lines[a] = name + lines[b]!.replace(/^[^:=]*[:=]/, '')
  }),
  // A header in two different copies
  (text, dice) => onLines(text, (lines) => {
    const at = dice.below(lines.length)
    lines.splice(dice.below(lines.length), 0, mutateOnce(lines[at]!, dice))
  }),
  // Folding
  (text, dice) => onLines(text, (lines) => {
    const at = dice.below(lines.length)
    lines[at] = lines[at]!.replace(/[ ;,=:]/g, (char) => (dice.chance(0.4) ? `${char}\r\n${dice.pick([' ', '\t', '   '])}` : char))
  }),
  // Numbers
  (text, dice) => {
    const found = [...text.matchAll(/\d+/g)]
    if (found.length === 0) return text
    const number = dice.pick(found)
    return spliced(text, number.index, number[0].length, dice.pick(numbers))
  },
  // Nesting
  (text, dice) => spliced(text, dice.below(text.length + 1), 0, dice.pick(openings).repeat(dice.size(20_000))),
  // Tags and parameters more than once
  (text, dice) => text.replace(/;\s*(tag|branch|rport|received|expires)\s*(=[^;\r\n]*)?/i, (found) => found.repeat(1 + dice.size(100)) + dice.pick(['', ';tag=other', ';tag', ';tag='])),
  // Case, and names in their short form
  (text, dice) => text.replace(dice.pick([/^Via:/im, /^From:/im, /^To:/im, /^Call-ID:/im, /^Contact:/im, /^Content-Length:/im, /^Content-Type:/im]), (name) => dice.pick([name.toLowerCase(), name.toUpperCase(), `${name[0]!.toLowerCase()}:`, `${name.slice(0, -1)} \t:`, ` ${name}`])),
  (text, dice) => (dice.chance(0.5) ? text.toUpperCase() : text.toLowerCase()),
  (text, dice) => text.replaceAll('\r\n', dice.pick(['\n', '\r', '\r\n', '\n\r', '\r\n\r\n'])),
  // Words of the first line
  (text, dice) => text.replace(/^\S+/, dice.pick(['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'PRACK', 'UPDATE', 'INFO', 'NOTIFY', 'REFER', 'SUBSCRIBE', 'MESSAGE', 'SIP/2.0', 'SIP/3.0', '', 'invite', 'A'.repeat(65)])),
  (text, dice) => text.replace(/^(SIP\/2\.0 )\d+/, (_, version: string) => version + dice.pick(['100', '180', '183', '199', '200', '202', '299', '300', '302', '400', '401', '407', '408', '422', '481', '486', '487', '491', '503', '600', '699', '700', '000', '99', '2000'])),
  // The SIP method and the number of CSeq apart
  (text, dice) => text.replace(/^(CSeq:\s*)(\d+)(\s+)(\S+)/im, (_, name: string, number: string, space: string, method: string) => `${name}${dice.chance(0.5) ? dice.pick(numbers) : number}${space}${dice.chance(0.5) ? dice.pick(['INVITE', 'BYE', 'ACK', 'CANCEL', 'x']) : method}`),
]

function mutateOnce(text: string, dice: Dice): string {
  const changed = dice.pick(mutations)(text, dice)
  return changed.length > TEXT_MAX ? changed.slice(0, TEXT_MAX) : changed
}

/** `text` with none to seven kinds of damage, few more often than many. Never longer than 70,000. */
export function mutateText(text: string, dice: Dice): string {
  let mutated = text
  for (let count = dice.size(8) - (dice.chance(0.2) ? 1 : 0); count > 0; count -= 1) mutated = mutateOnce(mutated, dice)
  return mutated
}
