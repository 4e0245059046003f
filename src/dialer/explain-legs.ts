// Knows how more phones in a call are told in words: transfers, holds, listeners. Does not know calls or where words are shown.
import type { TransferFailure } from '../call/transfer.ts'
import { assertNever } from '../errors.ts'
import type { CallEvent } from '../events.ts'
import type { Words } from './explain-words.ts'

type LegEvents = Extract<CallEvent, { type: 'transfer' | 'held' | 'digits-sent' | 'listening' }>

const failureWords: Readonly<Record<TransferFailure, Words>> = {
  busy: { zh: '正在通话', en: 'busy' },
  'no-answer': { zh: '无人接听', en: 'no answer' },
  declined: { zh: '拒接', en: 'declined' },
  'invalid-number': { zh: '空号', en: 'no such number' },
  unreachable: { zh: '无法接通', en: 'not reached' },
  refused: { zh: '规则或容量不允许', en: 'refused by a rule or a limit' },
  left: { zh: '先挂断了', en: 'hung up before' },
}

/** In their order: what one transfer goes through. `{phone}` is filled in. */
const transferWords: Readonly<Record<Extract<CallEvent, { type: 'transfer' }>['state'], Words>> = {
  referring: { zh: '请线路把通话转给 {phone}（REFER）', en: 'Asked the line to hand the call to {phone} (REFER)' },
  calling: { zh: '转人工：呼叫 {phone}', en: 'Handover: calling {phone}' },
  ringing: { zh: '人工电话在响', en: 'The phone of the human rings' },
  answered: { zh: '人工已接听', en: 'The human answered' },
  joined: { zh: '对方与人工已接通，机器人退出', en: 'Callee and human talk; the robot left' },
  failed: { zh: '没能转到人工，机器人继续', en: 'The human was not reached; the robot goes on' },
  ended: { zh: '人工挂断', en: 'The human hung up' },
}

/** The same between two people, of whom we have called the first. */
const partyWords: typeof transferWords = {
  referring: transferWords.referring,
  calling: { zh: '呼叫对方 {phone}', en: 'Calling the other party, {phone}' },
  ringing: { zh: '对方电话在响', en: 'The phone of the other party rings' },
  answered: { zh: '对方已接听', en: 'The other party answered' },
  joined: { zh: '双方已接通', en: 'The two talk' },
  failed: { zh: '对方没有接通', en: 'The other party was not reached' },
  ended: { zh: '对方挂断', en: 'The other party hung up' },
}

const listeningWords: Readonly<Record<Extract<CallEvent, { type: 'listening' }>['state'], Words>> = {
  calling: { zh: '呼叫旁听者 {phone}', en: 'Calling the listener {phone}' },
  joined: { zh: '{phone} 开始旁听', en: '{phone} listens' },
  failed: { zh: '旁听者 {phone} 没有接听', en: 'The listener {phone} was not reached' },
  left: { zh: '{phone} 结束旁听', en: '{phone} stopped listening' },
}

/** A step of the story, and the facts behind it. */
export function toldOfLegs(event: LegEvents): { text: Words; details?: Words[] } {
  switch (event.type) {
    case 'held':
      return { text: event.on ? { zh: '通话保持', en: 'The callee was put on hold' } : { zh: '恢复通话', en: 'The callee is back from hold' } }
    case 'digits-sent':
      return { text: { zh: `向对方发送了 ${event.count} 个按键`, en: `${event.count} keys were pressed for us` } }
    case 'listening':
      return { text: filled(listeningWords[event.state], event.phone), details: why(event.why) }
    case 'transfer': {
      const details = why(event.why)
      if (event.sipStatus !== undefined) details.push({ zh: `SIP ${event.sipStatus}`, en: `SIP ${event.sipStatus}` })
      if (event.error !== undefined && event.sipStatus === undefined) details.push({ zh: event.error, en: event.error })
      if (event.state === 'calling' && event.how === 'parallel') details.push({ zh: '机器人继续和对方说话', en: 'The robot talks on meanwhile' })
      if (event.state === 'calling' && event.how === 'refer') details.push({ zh: '线路不支持转接，改由本机呼叫并接通', en: 'The line does not transfer; called from here instead' })
      return { text: filled((event.party ? partyWords : transferWords)[event.state], event.phone), details }
    }
    default:
      return assertNever(event)
  }
}

function why(failure: TransferFailure | undefined): Words[] {
  return failure === undefined ? [] : [failureWords[failure]]
}

function filled(words: Words, phone: string): Words {
  return { zh: words.zh.replace('{phone}', phone), en: words.en.replace('{phone}', phone) }
}
