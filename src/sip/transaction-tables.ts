// Knows the four transaction machines of RFC 3261 §17 (with RFC 6026) as tables, and their timers. Does not know messages or sockets.

/** Round-trip estimate, longest gap between repetitions, and how long a message may live in the network (RFC 3261 §17.1.1.1). */
export const T1_MS = 500
export const T2_MS = 4_000
export const T4_MS = 5_000
/** How long either side keeps trying: timers B, F, H, J, L, M. */
export const GIVE_UP_MS = 64 * T1_MS
const D_MS = 32_000

export type TimerLetter = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M'

/**
 * Delay of a timer that is about to be started for the `nth` time (0 first). Undefined: it does not run,
 * because a reliable transport repeats for us. Source: RFC 3261 table 4, RFC 6026 §8.
 */
export function timerDelayMs(letter: TimerLetter, nth: number, reliable: boolean): number | undefined {
  return timerDelaysMs[letter](nth, reliable)
}

const timerDelaysMs: Readonly<Record<TimerLetter, (nth: number, reliable: boolean) => number | undefined>> = {
  A: (nth, reliable) => (reliable ? undefined : T1_MS * 2 ** nth),
  B: () => GIVE_UP_MS,
  D: (_nth, reliable) => (reliable ? 0 : D_MS),
  E: (nth, reliable) => (reliable ? undefined : Math.min(T1_MS * 2 ** nth, T2_MS)),
  F: () => GIVE_UP_MS,
  G: (nth, reliable) => (reliable ? undefined : Math.min(T1_MS * 2 ** nth, T2_MS)),
  H: () => GIVE_UP_MS,
  I: (_nth, reliable) => (reliable ? 0 : T4_MS),
  J: (_nth, reliable) => (reliable ? 0 : GIVE_UP_MS),
  K: (_nth, reliable) => (reliable ? 0 : T4_MS),
  L: () => GIVE_UP_MS,
  M: () => GIVE_UP_MS,
}

type Step<State, Action> = readonly [to: State, ...actions: Action[]]
/** Every event in every state has a step, so the network cannot send anything the table does not answer. */
export type Table<State extends string, Event extends string, Action extends string> = Readonly<Record<State, Readonly<Record<Event, Step<State, Action>>>>>

// --- client side ---

export type ClientState = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated'
export type ClientEvent = 'provisional' | 'success' | 'failure' | 'transport-error' | 'timer-A' | 'timer-B' | 'timer-D' | 'timer-E' | 'timer-F' | 'timer-K' | 'timer-M'
/**
 * `send` the request; `ack` the non-2xx final; `tell` the user the response; `tell-timeout`, `tell-transport` that none will come;
 * `X` starts timer X, `slow-E` starts it at T2, `stop` stops all timers.
 */
export type ClientAction = 'send' | 'ack' | 'tell' | 'tell-timeout' | 'tell-transport' | 'stop' | 'slow-E' | 'A' | 'B' | 'D' | 'E' | 'F' | 'K' | 'M'

const gone: Readonly<Record<ClientEvent, Step<ClientState, ClientAction>>> = {
  provisional: ['terminated'],
  success: ['terminated'],
  failure: ['terminated'],
  'transport-error': ['terminated'],
  'timer-A': ['terminated'],
  'timer-B': ['terminated'],
  'timer-D': ['terminated'],
  'timer-E': ['terminated'],
  'timer-F': ['terminated'],
  'timer-K': ['terminated'],
  'timer-M': ['terminated'],
}

/** What a state does with the events it does not name: nothing. */
function stay(state: ClientState): Record<ClientEvent, Step<ClientState, ClientAction>> {
  const step: Step<ClientState, ClientAction> = [state]
  return Object.fromEntries(Object.keys(gone).map((event) => [event, step])) as Record<ClientEvent, Step<ClientState, ClientAction>>
}

/** RFC 3261 §17.1.1 figure 5, with the Accepted state of RFC 6026 §7.2: every repeated 2xx reaches the user, who must ACK it. */
export const inviteClientTable: Table<ClientState, ClientEvent, ClientAction> = {
  calling: {
    ...stay('calling'),
    'timer-A': ['calling', 'send', 'A'],
    'timer-B': ['terminated', 'stop', 'tell-timeout'],
    provisional: ['proceeding', 'stop', 'tell'],
    success: ['accepted', 'stop', 'M', 'tell'],
    failure: ['completed', 'stop', 'ack', 'D', 'tell'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  proceeding: {
    ...stay('proceeding'),
    provisional: ['proceeding', 'tell'],
    success: ['accepted', 'M', 'tell'],
    failure: ['completed', 'ack', 'D', 'tell'],
  },
  accepted: {
    ...stay('accepted'),
    success: ['accepted', 'tell'],
    'timer-M': ['terminated', 'stop'],
  },
  completed: {
    ...stay('completed'),
    failure: ['completed', 'ack'],
    'timer-D': ['terminated', 'stop'],
  },
  terminated: gone,
}

/** RFC 3261 §17.1.2 figure 6. `calling` is that figure's Trying. */
export const requestClientTable: Table<ClientState, ClientEvent, ClientAction> = {
  calling: {
    ...stay('calling'),
    'timer-E': ['calling', 'send', 'E'],
    'timer-F': ['terminated', 'stop', 'tell-timeout'],
    provisional: ['proceeding', 'tell'],
    success: ['completed', 'stop', 'K', 'tell'],
    failure: ['completed', 'stop', 'K', 'tell'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  proceeding: {
    ...stay('proceeding'),
    'timer-E': ['proceeding', 'send', 'slow-E'],
    'timer-F': ['terminated', 'stop', 'tell-timeout'],
    provisional: ['proceeding', 'tell'],
    success: ['completed', 'stop', 'K', 'tell'],
    failure: ['completed', 'stop', 'K', 'tell'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  accepted: stay('accepted'), // Only INVITE has it.
  completed: { ...stay('completed'), 'timer-K': ['terminated', 'stop'] },
  terminated: gone,
}

// --- server side ---

export type ServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated'
export type ServerEvent = 'repeat' | 'provisional' | 'success' | 'failure' | 'ack' | 'transport-error' | 'timer-G' | 'timer-H' | 'timer-I' | 'timer-J' | 'timer-L'
/** `send` the newest response; `tell-no-ack` the user that a non-2xx final was never acknowledged; `X` starts timer X, `stop` stops all. */
export type ServerAction = 'send' | 'tell-no-ack' | 'tell-transport' | 'stop' | 'G' | 'H' | 'I' | 'J' | 'L'

const serverGone: Readonly<Record<ServerEvent, Step<ServerState, ServerAction>>> = {
  repeat: ['terminated'],
  provisional: ['terminated'],
  success: ['terminated'],
  failure: ['terminated'],
  ack: ['terminated'],
  'transport-error': ['terminated'],
  'timer-G': ['terminated'],
  'timer-H': ['terminated'],
  'timer-I': ['terminated'],
  'timer-J': ['terminated'],
  'timer-L': ['terminated'],
}

function serverStay(state: ServerState): Record<ServerEvent, Step<ServerState, ServerAction>> {
  const step: Step<ServerState, ServerAction> = [state]
  return Object.fromEntries(Object.keys(serverGone).map((event) => [event, step])) as Record<ServerEvent, Step<ServerState, ServerAction>>
}

/** RFC 3261 §17.2.1 figure 7, with the Accepted state of RFC 6026 §7.1: the user repeats its 2xx, a repeated INVITE is absorbed. */
export const inviteServerTable: Table<ServerState, ServerEvent, ServerAction> = {
  proceeding: {
    ...serverStay('proceeding'),
    repeat: ['proceeding', 'send'],
    provisional: ['proceeding', 'send'],
    success: ['accepted', 'send', 'L'],
    failure: ['completed', 'send', 'G', 'H'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  accepted: {
    ...serverStay('accepted'),
    success: ['accepted', 'send'],
    'timer-L': ['terminated', 'stop'],
  },
  completed: {
    ...serverStay('completed'),
    repeat: ['completed', 'send'],
    'timer-G': ['completed', 'send', 'G'],
    'timer-H': ['terminated', 'stop', 'tell-no-ack'],
    ack: ['confirmed', 'stop', 'I'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  confirmed: { ...serverStay('confirmed'), 'timer-I': ['terminated', 'stop'] },
  terminated: serverGone,
}

/** RFC 3261 §17.2.2 figure 8. `proceeding` covers that figure's Trying: a repeat before any response finds nothing to send. */
export const requestServerTable: Table<ServerState, ServerEvent, ServerAction> = {
  proceeding: {
    ...serverStay('proceeding'),
    repeat: ['proceeding', 'send'],
    provisional: ['proceeding', 'send'],
    success: ['completed', 'send', 'J'],
    failure: ['completed', 'send', 'J'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  accepted: serverStay('accepted'), // Only INVITE has it.
  completed: {
    ...serverStay('completed'),
    repeat: ['completed', 'send'],
    'timer-J': ['terminated', 'stop'],
    'transport-error': ['terminated', 'stop', 'tell-transport'],
  },
  confirmed: serverStay('confirmed'), // Only INVITE has it.
  terminated: serverGone,
}
