// Knows the states of a call that we place, as a table. Does not know messages.

/** `aborting`: we want to stop, but CANCEL must wait for the first response (RFC 3261 §9.1). `over` still answers late messages. */
export type State = 'calling' | 'proceeding' | 'aborting' | 'cancelling' | 'talking' | 'over'
export type Signal = 'provisional' | 'try-again' | 'success' | 'failure' | 'no-response' | 'hang-up' | 'ring-limit' | 'cancel-limit' | 'remote-bye' | 'dead'
/**
 * `progress` tells a provisional; `retry` repeats the INVITE with what the refusal asked for; `answer` acknowledges and tells the 2xx;
 * `acknowledge` handles any other 2xx: a repeat gets its ACK again, a fork or a late answer ACK and BYE;
 * `fail` and `end` tell the last event.
 */
export type Action = 'progress' | 'retry' | 'answer' | 'acknowledge' | 'cancel' | 'bye' | 'fail' | 'end'

export const steps: Readonly<Record<State, Readonly<Partial<Record<Signal, readonly [State, ...Action[]]>>>>> = {
  calling: {
    provisional: ['proceeding', 'progress'],
    'try-again': ['calling', 'retry'],
    success: ['talking', 'answer'],
    failure: ['over', 'fail'],
    'no-response': ['over', 'fail'],
    'hang-up': ['aborting'],
    'ring-limit': ['aborting'],
  },
  proceeding: {
    provisional: ['proceeding', 'progress'],
    'try-again': ['calling', 'retry'],
    success: ['talking', 'answer'],
    failure: ['over', 'fail'],
    'no-response': ['over', 'fail'],
    'hang-up': ['cancelling', 'cancel'],
    'ring-limit': ['cancelling', 'cancel'],
  },
  aborting: {
    provisional: ['cancelling', 'cancel'],
    'try-again': ['over', 'fail'],
    success: ['over', 'acknowledge', 'fail'],
    failure: ['over', 'fail'],
    'no-response': ['over', 'fail'],
  },
  cancelling: {
    'try-again': ['over', 'fail'],
    success: ['over', 'acknowledge', 'fail'],
    failure: ['over', 'fail'],
    'no-response': ['over', 'fail'],
    'cancel-limit': ['over', 'fail'],
  },
  talking: {
    success: ['talking', 'acknowledge'],
    'hang-up': ['over', 'bye', 'end'],
    'remote-bye': ['over', 'end'],
    dead: ['over', 'bye', 'end'],
  },
  over: {
    success: ['over', 'acknowledge'],
  },
}
