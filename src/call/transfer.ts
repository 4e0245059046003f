// The states of a transfer as a table: what can follow what, and what is to be done about it. Pure. Does not know SIP, audio or who asked.

/**
 * Where a call stands with a colleague (the human agent).
 * none: the robot has the callee to itself · referring: the far end was asked to call the colleague (REFER) ·
 * calling: the colleague's phone is dialled, or they are being told whom they get; the callee waits · calling-aside: the same while the robot talks on ·
 * ready: the colleague is on the line and listens, the robot talks on · joining: the robot finishes its clause ·
 * joined: callee and colleague talk · over: nothing follows.
 */
export type TransferState = 'none' | 'referring' | 'calling' | 'calling-aside' | 'ready' | 'joining' | 'joined' | 'over'

export type TransferSignal =
  // Wishes of the robot or of somebody at the API.
  | 'refer'
  | 'call'
  | 'call-aside'
  | 'join'
  // What the far end says to the REFER: it connected the two, it does not transfer (or never told), the colleague was not to be had.
  | 'referred'
  | 'refer-refused'
  | 'refer-failed'
  // The colleague's phone. `answered`: and they know what they have to.
  | 'answered'
  | 'not-reached'
  | 'colleague-left'
  // The robot's clause is over.
  | 'clause-over'
  | 'callee-left'

/**
 * hush: the robot is asked nothing more, the callee is told to wait and hears that something goes on · ask-far-end: REFER ·
 * dial: the colleague's phone · let-listen: the colleague hears the call before being heard · wait-for-clause: what the robot is saying may
 * end its clause, the sounds of waiting stop at once · join: bridge the two ·
 * give-back: the robot gets the callee back and learns that it failed · tell-failed: it learns so, having had the callee all along ·
 * drop-colleague: hang up the second leg · end-call: nobody is left to talk to · leave: our part of the call is over.
 */
export type TransferDeed =
  | 'hush'
  | 'ask-far-end'
  | 'dial'
  | 'let-listen'
  | 'wait-for-clause'
  | 'join'
  | 'give-back'
  | 'tell-failed'
  | 'drop-colleague'
  | 'end-call'
  | 'leave'

export type TransferStep = { to: TransferState; deeds: readonly TransferDeed[] }

const step = (to: TransferState, ...deeds: TransferDeed[]): TransferStep => ({ to, deeds })

/** A signal that a state does not name is refused: a wish that comes at the wrong time, or news that come too late. */
export const transferSteps: Readonly<Record<TransferState, Readonly<Partial<Record<TransferSignal, TransferStep>>>>> = {
  none: {
    refer: step('referring', 'hush', 'ask-far-end'),
    call: step('calling', 'hush', 'dial'),
    'call-aside': step('calling-aside', 'dial'),
    'callee-left': step('over'),
  },
  referring: {
    referred: step('over', 'leave'),
    'refer-refused': step('calling', 'dial'),
    'refer-failed': step('none', 'give-back'),
    'callee-left': step('over'),
  },
  calling: {
    answered: step('joining', 'wait-for-clause'),
    'not-reached': step('none', 'give-back'),
    'colleague-left': step('none', 'give-back'),
    'callee-left': step('over', 'drop-colleague'),
  },
  'calling-aside': {
    answered: step('ready', 'let-listen'),
    'not-reached': step('none', 'tell-failed'),
    'colleague-left': step('none', 'tell-failed'),
    // Joined before anybody is there: the callee waits from here on.
    join: step('calling', 'hush'),
    'callee-left': step('over', 'drop-colleague'),
  },
  ready: {
    join: step('joining', 'wait-for-clause'),
    'colleague-left': step('none', 'tell-failed'),
    'callee-left': step('over', 'drop-colleague'),
  },
  joining: {
    'clause-over': step('joined', 'join'),
    'colleague-left': step('none', 'give-back'),
    'callee-left': step('over', 'drop-colleague'),
  },
  joined: {
    'colleague-left': step('over', 'end-call'),
    'callee-left': step('over', 'drop-colleague'),
  },
  over: {},
}

/** What follows; undefined when the signal means nothing in this state. */
export function transferStep(state: TransferState, signal: TransferSignal): TransferStep | undefined {
  return transferSteps[state][signal]
}

/** Why a colleague was not reached, in a word. */
export type TransferFailure = 'busy' | 'no-answer' | 'declined' | 'invalid-number' | 'unreachable' | 'refused' | 'left'

/** From the far end's final status; `timedOut`: our own ring limit. Source: RFC 3261 §21.4–21.6. */
export function transferFailureOf(status: number, timedOut: boolean): TransferFailure {
  if (timedOut || status === 408 || status === 480 || status === 487) return 'no-answer'
  if (status === 486 || status === 600) return 'busy'
  if (status === 403 || status === 603 || status === 607) return 'declined'
  if (status === 404 || status === 410 || status === 484 || status === 604) return 'invalid-number'
  return 'unreachable'
}

/** What the far end's answer to a REFER means (RFC 3515): only a clear report about the colleague's phone keeps us from dialling it ourselves. */
export function referSignal(result: { outcome: 'connected' | 'failed' | 'refused' | 'unknown'; status: number }): Extract<TransferSignal, 'referred' | 'refer-refused' | 'refer-failed'> {
  if (result.outcome === 'connected') return 'referred'
  if (result.outcome !== 'failed') return 'refer-refused'
  // The far end tried and could not do it at all: it does not transfer. Busy, no answer and declined are the colleague's.
  return [486, 480, 408, 487, 600, 603].includes(result.status) ? 'refer-failed' : 'refer-refused'
}
