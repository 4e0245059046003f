// The shape of one case of the conformance suite, and of the server it is tried on. Does not know which cases exist, or whose server it is.
import type { ClientKey } from '../api/aliyun/signed-request.ts'
import type { Page } from './pages.ts'
import type { Item } from './reference.ts'
import type { Bench } from './bench.ts'

/** What a called number does. `busy`: refuses at once; `speaks`: says who they are; `presses`: 1 when asked to; `announces`: the network says that the phone is off. */
export const calleeKinds = ['busy', 'silent', 'speaks', 'interrupts', 'presses', 'rings', 'announces', 'colleague'] as const
export type CalleeKind = (typeof calleeKinds)[number]

export type Target = {
  /** `http://127.0.0.1:8080`, without a path. */
  endpoint: string
  key: ClientKey
  /** A key with its SecurityToken. */
  temporary?: ClientKey | undefined
  disabled?: ClientKey | undefined
  /** A number that the account may show, and one that it may not. */
  shown?: string | undefined
  foreign?: string | undefined
  /** A template that may be spoken, with values for its variables. */
  template?: { code: string; values: Readonly<Record<string, string>> } | undefined
  /** Code of an uploaded voice file. */
  voiceFile?: string | undefined
  /** Whom calls go to; without them nobody is called. */
  callees: Readonly<Partial<Record<CalleeKind, string>>>
  /** Conversations at a time; one where a person answers. Default 1. */
  callsAtOnce?: number | undefined
  /** Where the account's callbacks and receipts are awaited; absent: they go elsewhere. */
  callbacks?: { host: string; port: number } | undefined
  /** Receipts are sent there as well. */
  receipts?: boolean | undefined
  /** The name of a call centre of the account. */
  callCentre?: string | undefined
  /** Somebody calls, or is asked to call, a number of the account that the callback server answers. */
  callIn?: (() => Promise<void>) | undefined
  /** There is time for receipts that are sent again after a minute. */
  patient?: boolean | undefined
}

/** What a target must offer for a case to be tried. */
export type Need = 'temporary' | 'disabled' | 'shown' | 'foreign' | 'template' | 'voiceFile' | 'callbacks' | 'receipts' | 'callCentre' | 'callIn' | 'patient' | CalleeKind

export type Case = {
  /** Stable: `smart-call/pause-time-below`. */
  id: string
  title: string
  page: Page
  covers: readonly Item[]
  needs?: readonly Need[] | undefined
  /** Any of these is right. */
  expected: readonly string[]
  /** Disturbs others: it is tried by itself, at the end. */
  alone?: true
  /** What happened, in the words of `expected` when it went right. Errors: any; they are what was got. */
  got(bench: Bench): Promise<string>
}

/** `not supported`: the server says that it has no such operation, or is known to lack this. `not run`: something that the case needs was not given. */
export type Verdict = 'pass' | 'fail' | 'not supported' | 'not run'
export type Result = { id: string; title: string; page: Page; covers: readonly Item[]; expected: readonly string[]; got: string; verdict: Verdict; ms: number }

/** Absent from the target. */
export function missingNeeds({ needs = [] }: Pick<Case, 'needs'>, target: Target): Need[] {
  return needs.filter((need) => ((calleeKinds as readonly string[]).includes(need) ? target.callees[need as CalleeKind] === undefined : !target[need as Exclude<Need, CalleeKind>]))
}
