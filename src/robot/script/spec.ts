// Knows what is stored with a call that a script speaks: which script, never its words. Does not know where scripts are kept.
import type { Script } from './schema.ts'

export type ScriptRef = {
  /** Whose call it is; the script is theirs or one of the library. */
  accountId: string
  /** Its id. */
  script: string
  version: number
}

/** Stored with the call in the place of a requirement. */
export type ScriptSpec = ScriptRef & {
  kind: 'script'
  /** As acceptValues gave them out. */
  vars: Readonly<Record<string, string>>
  /** When the values were handed in, ISO 8601: 明天 counts from there. Absent: from the day of the call. */
  acceptedAt?: string | undefined
  /** The human whom the callee may be handed to, E.164. */
  handover?: string | undefined
}

export function isScriptSpec(spec: unknown): spec is ScriptSpec {
  return typeof spec === 'object' && spec !== null && 'kind' in spec && spec.kind === 'script'
}

/** Where robots find what they say. A version never changes and never goes away, so that what was found once may be kept. */
export interface ScriptBodies {
  /** Makes the body available to `at`. Errors: NotFoundError when there is no such version; what the storage throws. */
  prepare(ref: ScriptRef): Promise<void>
  /** What `prepare` found. Undefined: it was not asked, or long ago. */
  at(ref: ScriptRef): Script | undefined
}
