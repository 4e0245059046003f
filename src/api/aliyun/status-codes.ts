// Knows the published codes of how a call ended, and which of our endings each stands for. Does not know receipts or queries.
// Source: "call status code" and "smart status code" of the published lists. Outcomes without a code of their own get the nearest.
import type { EndReason, Outcome } from '../../call/end-reason.ts'
import type { TransferFailure } from '../../call/transfer.ts'
import type { ConversationOutcome } from '../../robot/robot.ts'

export type StatusCode = { code: string; smart: string; text: string }

const byOutcome = {
  answered: ['200000', 'ANSWERED', '用户听完'],
  assistant: ['200000', 'ANSWERED', '智能助理或语音信箱接听'],
  'no-answer': ['200003', 'NO_ANSWER', '用户无应答'],
  busy: ['200002', 'USER_BUSY', '用户占线'],
  rejected: ['200005', 'CALL_REJECTED', '用户拒接'],
  'powered-off': ['200010', 'POWERED_OFF', '用户关机'],
  suspended: ['200011', 'SUSPEND', '用户停机'],
  'invalid-number': ['200004', 'INVALID_NUMBER', '空号'],
  unreachable: ['200007', 'NO_USER_RESPONDING', '用户不在服务区'],
  'call-reminder': ['200005', 'UNAVAILABLE', '来电提醒'],
  forwarded: ['200005', 'CALL_FORWARDING', '呼叫转移'],
  barred: ['200105', 'INCOMING_CALL_BARRED', '被叫呼入限制'],
  'carrier-blocked': ['200117', 'OPERATOR_BLOCK', '运营商拦截'],
  'call-loss': ['200012', 'OTHER', '呼损'],
  'line-fault': ['500', 'NETWORK_BUSY', '运营商线路故障'],
  concurrency: ['200121', 'OTHER', '并发超限'],
  frequency: ['200119', 'OTHER', '呼叫频率限制'],
  window: ['200118', 'OTHER', '呼叫时段限制'],
  blacklist: ['200005', 'CALL_REJECTED', '被叫在免打扰名单中'],
  'blind-area': ['200005', 'OTHER', '被叫在盲区'],
  'bad-number': ['200116', 'INVALID_NUMBER', '被叫号码不合法'],
  'no-balance': ['999999', 'OTHER', '余额不足'],
  cancelled: ['9996', 'CANCEL', '呼叫已取消'],
  expired: ['200118', 'OTHER', '超过有效期未呼出'],
  interrupted: ['999999', 'OTHER', '系统中断'],
  unknown: ['200130', 'OTHER', '未识别'],
} as const satisfies Record<Outcome, readonly [code: string, smart: string, text: string]>

/** The endings that have this code. */
export function outcomesOf(code: string): Outcome[] {
  return (Object.keys(byOutcome) as Outcome[]).filter((outcome) => byOutcome[outcome][0] === code)
}

/** Conversations that came to nothing: the text was not heard to its end, or nobody has answered. */
const cameToNothing: readonly (ConversationOutcome | undefined)[] = [undefined, 'unconfirmed', 'silent']

/** `conversation`: what it came to, which tells a text that was heard to its end from one that was hung up on. */
export function statusOf(reason: Pick<EndReason, 'outcome'>, conversation: ConversationOutcome | undefined): StatusCode {
  const [code, smart, text] = byOutcome[reason.outcome]
  if (reason.outcome === 'answered' && cameToNothing.includes(conversation)) return { code: '200001', smart, text: '用户提前挂断' }
  return { code, smart, text }
}

/** What was recognised before the answer, for calls whose owner asked for it; other endings were told by the network in another way, or not at all. */
export function earlyMediaCodeOf({ outcome, evidence }: Pick<EndReason, 'outcome' | 'evidence'>): string {
  const codes: Readonly<Partial<Record<Outcome, string>>> = {
    busy: '200002', 'no-answer': '200003', 'invalid-number': '200004', rejected: '200005', 'call-reminder': '200005', forwarded: '200005',
    unreachable: '200007', 'powered-off': '200010', suspended: '200011', 'call-loss': '200012', barred: '200012',
  }
  if (evidence.announcement === undefined) return ''
  return (evidence.rule?.startsWith('text:') ? codes[outcome] : undefined) ?? '200130'
}

/** As published: the callee, or everybody and everything else. */
export function hangupDirectionOf({ by }: Pick<EndReason, 'by'>): '用户' | '机器' {
  return by === 'callee' || by === 'network' ? '用户' : '机器'
}

/** The smart codes that say why a colleague was not to be had. */
export const transferHangupCauses = {
  busy: 'USER_BUSY',
  'no-answer': 'NO_ANSWER',
  declined: 'CALL_REJECTED',
  'invalid-number': 'INVALID_NUMBER',
  unreachable: 'UNAVAILABLE',
  refused: 'OTHER',
  left: 'CANCEL',
} as const satisfies Record<TransferFailure, string>
