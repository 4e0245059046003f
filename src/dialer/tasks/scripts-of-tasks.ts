// Knows what tasks need of scripts, and finds it on the desk of scripts. Does not know tasks or calls.
import { findAccount } from '../../db/accounts.ts'
import type { Database } from '../../db/connection.ts'
import { findDates } from '../../robot/dates.ts'
import { acceptValues } from '../../robot/script/variables.ts'
import type { ScriptDesk } from '../script-desk.ts'
import type { TaskScript, TaskScripts } from './task-desk.ts'

export class ScriptsOfTasks implements TaskScripts {
  readonly #db: Database
  readonly #desk: Pick<ScriptDesk, 'published' | 'version'>

  constructor(db: Database, desk: Pick<ScriptDesk, 'published' | 'version'>) {
    this.#db = db
    this.#desk = desk
  }

  async find(accountId: string, id: string, wanted?: number): Promise<TaskScript> {
    const { version, script } = wanted === undefined ? await this.#desk.published(accountId, id) : { version: wanted, script: await this.#desk.version(accountId, id, wanted) }
    const organisation = (await findAccount(this.#db.sql, accountId))?.organisation
    // As for a single call: the account's own name where the values have none.
    const ours: Record<string, string> = organisation !== undefined && Object.hasOwn(script.vars, 'org') ? { org: organisation } : {}
    return {
      version,
      title: script.title,
      accept(vars, acceptedAt) {
        const { values, problems } = acceptValues(script, { ...ours, ...vars }, acceptedAt)
        const ends = Object.entries(values).flatMap(([name, value]) => (script.vars[name]!.say === 'date' ? findDates(value, acceptedAt).map(({ until }) => until.getTime()) : []))
        return { values, problems, expiresAt: ends.length === 0 ? undefined : new Date(Math.min(...ends)) }
      },
    }
  }
}
