// The rules of interruption: what becomes of the media that is heard when the callback server answers. Pure. Does not know the line.
// Source: SmartCall's ActionCodeBreak and ActionCodeTimeBreak, action_break, action_code_break and action_code_time_break of replies.
import { assertNever } from '../../errors.ts'
import type { Reply } from './reply.ts'

/** What is heard or waits to be heard, in its order. */
export type Heard = { breakable: boolean }

/**
 * `stop`: drop what is heard and what waits, except what waits and may not be interrupted. `play`: the reply's media follows, at once or after what
 * is left of the rest. `deed`: what is done once that is arranged.
 */
export type Decision = { stop: boolean; play: boolean; deed: 'nothing' | 'hang-up' | 'transfer' | 'collect' | 'parallel-transfer' | 'bridge' }

/**
 * Whether an answer stops anything is a matter between it and the media that is heard: media with action_code_break=false is heard to its end whatever
 * the answer says; other media is stopped by an action with action_break=true that has something to put in its place, and waited for otherwise.
 */
export function decide(reply: Pick<Reply, 'action' | 'actionBreak'> & { hasMedia: boolean }, heard: readonly Heard[]): Decision {
  const { action, hasMedia } = reply
  const mayStop = reply.actionBreak && heard[0]?.breakable === true
  switch (action) {
    case 'continue':
    case 'donothing':
      return { stop: false, play: false, deed: 'nothing' }
    case 'play':
      return { stop: mayStop && hasMedia, play: hasMedia, deed: 'nothing' }
    case 'break':
      return { stop: mayStop, play: false, deed: 'nothing' }
    case 'hangup':
      return { stop: mayStop, play: hasMedia, deed: 'hang-up' }
    case 'transfer':
      return { stop: mayStop, play: hasMedia, deed: 'transfer' }
    case 'dtmf':
      return { stop: mayStop && hasMedia, play: hasMedia, deed: 'collect' }
    case 'parallel_transfer':
      return { stop: mayStop && hasMedia, play: hasMedia, deed: 'parallel-transfer' }
    case 'parallel_bridge':
      return { stop: mayStop && hasMedia, play: hasMedia, deed: 'bridge' }
    default:
      return assertNever(action)
  }
}

/** What is still heard after a stop: media that waits and may not be interrupted. */
export function keptOf<Media extends Heard>(heard: readonly Media[]): Media[] {
  return heard.slice(1).filter(({ breakable }) => !breakable)
}

/**
 * How the line treats one media. Words alone stop nothing: the server is told and decides. Only with a time-break does the line stop it
 * by itself, and never what may not be interrupted.
 */
export function lineRules(p: { breakable: boolean; timeBreakMs: number }): { interruptible: boolean; timeBreakMs: number | undefined } {
  return p.breakable && p.timeBreakMs > 0 ? { interruptible: true, timeBreakMs: p.timeBreakMs } : { interruptible: false, timeBreakMs: undefined }
}
