// Knows the published scripts that calls of this process speak, kept at hand while they are in use. Does not know drafts or who may publish.
import type { Database } from '../db/connection.ts'
import { findVersion } from '../db/scripts.ts'
import { NotFoundError } from '../errors.ts'
import { storedScript } from '../robot/script/read-script.ts'
import type { Script } from '../robot/script/schema.ts'
import type { ScriptBodies, ScriptRef } from '../robot/script/spec.ts'

const limits = { bodiesMax: 300, refsMax: 5_000 } as const
const keyOf = ({ accountId, script, version }: ScriptRef): string => `${accountId} ${script} ${version}`

/** What was found once is right for ever: versions never change. Least recently used first out. */
export class ScriptShelf implements ScriptBodies {
  readonly #db: Database
  /** By the digest of the text: accounts that use the same script of the library share it. */
  readonly #bodies = new Map<string, Script>()
  readonly #digests = new Map<string, string>()
  readonly #asked = new Map<string, Promise<Script>>()

  constructor(db: Database) {
    this.#db = db
  }

  async prepare(ref: ScriptRef): Promise<void> {
    await this.body(ref)
  }

  at(ref: ScriptRef): Script | undefined {
    const digest = this.#digests.get(keyOf(ref))
    const script = digest === undefined ? undefined : this.#bodies.get(digest)
    if (script === undefined) return undefined
    touch(this.#bodies, digest!, script, limits.bodiesMax)
    touch(this.#digests, keyOf(ref), digest!, limits.refsMax)
    return script
  }

  /** Errors: NotFoundError 'script'; OverloadedError while the database is away. */
  async body(ref: ScriptRef): Promise<Script> {
    const known = this.at(ref)
    if (known) return known
    const key = keyOf(ref)
    // Calls of one task ask at the same moment.
    const asked = this.#asked.get(key) ?? this.#read(ref).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asked)
    return await asked
  }

  async #read(ref: ScriptRef): Promise<Script> {
    const found = await this.#db.retry('read a script', () => findVersion(this.#db.sql, ref.accountId, ref.script, ref.version), { withinMs: 3_000 })
    if (!found) throw new NotFoundError('script', `话术 ${ref.script.slice(0, 60)} 没有版本 ${ref.version}`)
    const digest = found.sha256.toString('hex')
    const script = this.#bodies.get(digest) ?? storedScript(found.source)
    touch(this.#bodies, digest, script, limits.bodiesMax)
    touch(this.#digests, keyOf(ref), digest, limits.refsMax)
    return script
  }
}

function touch<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > max) map.delete(map.keys().next().value!)
}
