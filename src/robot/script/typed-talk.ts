// Knows how to talk with a robot by typing: a line is a turn, an empty one is silence, keys stand behind #. Does not know where lines come from.
import type { Robot, RobotEvent } from '../robot.ts'

/** Holds a conversation until the robot hangs up or the lines end. `print` is told what is heard and what is noted. */
export async function chat(robot: Robot, typed: AsyncIterable<string>, print: (line: string) => void): Promise<void> {
  let atMs = 0
  let silences = 0
  const queue: { id: string; text: string }[] = []

  const tell = async (event: RobotEvent): Promise<boolean> => {
    let over = false
    for await (const action of robot.handle(event, new AbortController().signal)) {
      if (action.type === 'say') queue.push({ id: action.id, text: action.parts.map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? `[${part.code}]${part.words ?? ''}` : '')).join('') })
      else if (action.type === 'note') {
        const { step, intent, identity, slots, tags, outcome, summary, doNotCall, callBackAt } = action.note
        const told = Object.entries({ step, intent, identity, slots: slots && JSON.stringify(slots), tags: tags?.join('、'), callBackAt, doNotCall: doNotCall?.evidence, outcome, summary }).filter(([, value]) => value !== undefined)
        if (told.length > 0) print(`    · ${told.map(([name, value]) => `${name}=${value}`).join('  ')}`)
      } else if (action.type === 'hang-up') over = true
      else if (action.type === 'transfer') print(`    · transfer ${action.to}`)
    }
    while (queue.length > 0) {
      const { id, text } = queue.shift()!
      print(`机器人 ${text}`)
      atMs += text.length * 200
      if (await tell({ type: 'played', say: id, heardText: text, cut: false })) over = true
    }
    return over
  }

  if (await tell({ type: 'answered', atMs, firstWords: '' })) return
  for await (const line of typed) {
    const text = line.trim()
    silences = text === '' ? silences + 1 : 0
    const keys = /^#([0-9*#]+)$/.exec(text)?.[1]
    atMs += text === '' ? 5_000 : 500
    const beginAtMs = atMs
    atMs += text.length * 200
    print(`对方   ${text === '' ? '（沉默）' : text}`)
    const event: RobotEvent = text === '' ? { type: 'silence', count: silences } : keys === undefined ? { type: 'utterance', text, beginAtMs, endAtMs: atMs, confidence: 1, bargeIn: false } : { type: 'digits', digits: keys, ended: 'pressed' }
    if (await tell(event)) return
  }
  await tell({ type: 'ended' })
}
