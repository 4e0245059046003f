// Knows the scripts that come with the program, and how every account gets them as published. Does not know what accounts do with them.
import { readdir, readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { addScript, addVersion, digestsOf, libraryOwner, setPublished } from '../db/scripts.ts'
import type { Database } from '../db/connection.ts'
import { numbered, scriptOf } from '../robot/script/read-script.ts'
import { sha256Of } from './script-desk.ts'

const folder = new URL('../../scripts-library/', import.meta.url)

/** Their texts, by file. */
export async function librarySources(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && !name.endsWith('.scenarios.yaml')).sort()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), 'utf8')] as const)))
}

/**
 * Publishes what comes with this program. A text that differs from the published one becomes the next version; the ones before stay for the
 * calls that name them. Several processes may do it at once.
 */
export async function publishLibrary(db: Database, p: { sources?: ReadonlyMap<string, string>; now?: Date } = {}): Promise<void> {
  const sources = p.sources ?? (await librarySources())
  const at = p.now ?? new Date()
  await db.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('waihu script library'))`.execute(tx)
    for (const [file, source] of sources) {
      const id = /^[^.]+/.exec(file)![0]
      // An older program that starts beside a newer one has nothing new to say.
      const known = await digestsOf(tx, libraryOwner, id)
      if (known.some(({ version, sha256 }) => sha256.equals(sha256Of(numbered(source, version))))) continue
      const { title, purpose } = scriptOf(source, file)
      const version = (known[0]?.version ?? 0) + 1
      const text = numbered(source, version)
      await addScript(tx, { owner: libraryOwner, id, title, purpose })
      await addVersion(tx, { owner: libraryOwner, id, version, source: text, sha256: sha256Of(text), at })
      await setPublished(tx, { owner: libraryOwner, id }, { version, at, title, purpose })
    }
  })
}
