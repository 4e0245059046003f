// The number table: which callee answers at which number, like the test cards of a payment system. Does not know SIP or audio.

export type Behaviour =
  | { kind: 'answers'; persona: string; ringMs: number }
  /** Rings and never answers. */
  | { kind: 'rings' }
  | { kind: 'refuses'; status: number; reason: string; q850: number; ringMs: number }
  /** Speaks an announcement as early media, then refuses. */
  | { kind: 'announces'; text: string; status: number; reason: string; q850: number }
  /** Refuses the first attempt with 503, answers the next. */
  | { kind: 'congested-once'; persona: string }

const ringMs = 1_200
const answers = (persona: string): Behaviour => ({ kind: 'answers', persona, ringMs })

/** By the digits the carrier is asked for. */
export const numberTable: Readonly<Record<string, Behaviour>> = {
  '13800138000': answers('cooperative'),
  '13900139000': answers('cooperative'),
  '13800138001': { kind: 'refuses', status: 486, reason: 'Busy Here', q850: 17, ringMs: 0 },
  '13800138002': { kind: 'rings' },
  '13800138003': { kind: 'announces', text: '您好，您拨打的电话已关机，请稍后再拨。', status: 480, reason: 'Temporarily Unavailable', q850: 20 },
  '13800138004': { kind: 'announces', text: '您好，您拨打的号码是空号，请核对后再拨。', status: 404, reason: 'Not Found', q850: 1 },
  '13800138005': { kind: 'announces', text: '您好，您拨打的电话已停机。', status: 480, reason: 'Temporarily Unavailable', q850: 27 },
  '13800138006': { kind: 'refuses', status: 603, reason: 'Decline', q850: 21, ringMs: 2_500 },
  '13800138007': answers('assistant'),
  '13800138008': answers('wrong-person'),
  '13800138009': answers('asks-robot'),
  '13800138010': answers('refuses'),
  '13800138011': answers('interrupts'),
  '13800138012': answers('backchannels'),
  '13800138013': answers('asks-to-repeat'),
  '13800138014': answers('silent'),
  '13800138015': answers('busy-now'),
  '13800138016': { kind: 'congested-once', persona: 'cooperative' },
  '13800138017': answers('wants-human'),
  '13800138018': answers('presses-keys'),
  // Whom calls are handed to: somebody of the caller's own.
  '13900139017': answers('colleague'),
}

/** What any other number does, in parts of a hundred: roughly what a notification list meets. */
const shares: readonly (readonly [parts: number, number: string])[] = [
  [40, '13800138000'],
  [6, '13800138012'],
  [5, '13800138013'],
  [4, '13800138009'],
  [4, '13800138015'],
  [3, '13800138008'],
  [3, '13800138010'],
  [2, '13800138014'],
  [15, '13800138002'],
  [7, '13800138001'],
  [4, '13800138006'],
  [3, '13800138003'],
  [1, '13800138004'],
  [1, '13800138005'],
  [2, '13800138007'],
]

/** The behaviour of a number: always the same for the same digits. */
export function behaviourOf(digits: string): Behaviour {
  // What is dialled comes from outside: names of Object's own must not be found in the table.
  if (Object.hasOwn(numberTable, digits)) return numberTable[digits]!
  let ticket = hash(digits) % shares.reduce((sum, [parts]) => sum + parts, 0)
  for (const [parts, number] of shares) {
    if (ticket < parts) return numberTable[number]!
    ticket -= parts
  }
  return numberTable['13800138000']!
}

/** FNV-1a, 32 bit: spreads consecutive numbers. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return (value ^ (value >>> 15)) >>> 0
}
