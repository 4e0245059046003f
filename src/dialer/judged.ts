// Knows how a call's log is read for what the call came to, and whether the callee is called back. Pure. Does not know storage, or how words are judged.
import type { NoCallBack } from '../call/stored-judgement.ts'
import type { CallEvent } from '../events.ts'
import type { Judgement, SpokenTurn } from '../robot/after-call/judgement.ts'
import { callingHours } from './admission/calling-hours.ts'
import type { DialerSettings } from './settings.ts'

/** A callee who says 下周 is called back; one who says 明年 is not. */
const aheadMsMax = 14 * 24 * 3_600_000

/** A turn of the conversation; undefined for everything else in a log. */
export function turnOf(event: CallEvent): SpokenTurn | undefined {
  if (event.type === 'callee-said') return { turn: event.turn, speaker: 'callee', text: event.text, cut: false, confidence: event.confidence }
  if (event.type === 'robot-said') return event.text.trim() === '' ? undefined : { turn: event.turn, speaker: 'robot', text: event.text, cut: event.cut, confidence: 1 }
  return event.type === 'colleague-said' ? { turn: event.turn, speaker: 'colleague', text: event.text, cut: false, confidence: event.confidence } : undefined
}

export type CallBackPlan = { dueAt: Date; expiresAt: Date } | { why: NoCallBack }

/** Whether and when a callee who asked for it is called back. */
export function planCallBack(
  wish: NonNullable<Judgement['callBack']>,
  p: { callsBack: boolean; isCallBack: boolean; doNotCall: boolean; endedAtMs: number },
  settings: Pick<DialerSettings, 'hours' | 'queueMsMax'>,
): CallBackPlan {
  if (p.doNotCall) return { why: 'do-not-call' }
  if (!p.callsBack) return { why: p.isCallBack ? 'once-only' : 'not-wanted' }
  if (wish.at === undefined) return { why: 'no-time' }
  const atMs = Date.parse(wish.at)
  if (!(atMs > p.endedAtMs)) return { why: 'past' }
  if (atMs - p.endedAtMs > aheadMsMax) return { why: 'too-far' }
  const untilMs = wish.until === undefined ? Infinity : Date.parse(wish.until)
  if (atMs >= untilMs) return { why: 'too-late' }
  // Another time than they asked for would be our wish and not theirs.
  if (!callingHours(atMs, settings.hours).open) return { why: 'outside-hours' }
  return { dueAt: new Date(atMs), expiresAt: new Date(Math.min(atMs + settings.queueMsMax, untilMs)) }
}
