// Knows the states of a call that comes in, as a table. Does not know messages.

/** `closing`: we want to end an answered call, but BYE must wait for the ACK (RFC 3261 §15). */
export type State = 'ringing' | 'answered' | 'closing' | 'talking' | 'over'
export type Signal = 'answer' | 'refuse' | 'cancel' | 'ack' | 'no-ack' | 'hang-up' | 'remote-bye' | 'dead' | 'undelivered'
/** `accept` sends the 2xx until acknowledged; `confirm` tells that it was; `refuse` sends the chosen final; `fail` and `end` tell the last event. */
export type Action = 'accept' | 'confirm' | 'refuse' | 'bye' | 'fail' | 'end'

export const steps: Readonly<Record<State, Readonly<Partial<Record<Signal, readonly [State, ...Action[]]>>>>> = {
  ringing: {
    answer: ['answered', 'accept'],
    refuse: ['over', 'refuse', 'fail'],
    cancel: ['over', 'refuse', 'fail'],
    'hang-up': ['over', 'refuse', 'fail'],
    'remote-bye': ['over', 'refuse', 'fail'],
    undelivered: ['over', 'fail'],
  },
  answered: {
    ack: ['talking', 'confirm'],
    'no-ack': ['over', 'bye', 'end'],
    'hang-up': ['closing'],
    'remote-bye': ['over', 'end'],
    undelivered: ['over', 'bye', 'end'],
  },
  closing: {
    ack: ['over', 'bye', 'end'],
    'no-ack': ['over', 'bye', 'end'],
    'remote-bye': ['over', 'end'],
    undelivered: ['over', 'bye', 'end'],
  },
  talking: {
    'hang-up': ['over', 'bye', 'end'],
    'remote-bye': ['over', 'end'],
    dead: ['over', 'bye', 'end'],
  },
  over: {},
}
