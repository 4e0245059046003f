// Knows how the owner of calls learns what is wished of them: takes commands, has them done in order, says what became of them. Does not know what they are.
import type { CallCommand, CommandResult } from '../call/controls.ts'
import { finishCommand, takeCommands, type StoredCommand } from '../db/call-commands.ts'
import type { Database } from '../db/connection.ts'
import { errorFacts } from '../db/error-facts.ts'
import { log } from '../log.ts'

export type CommandInboxDeps = {
  db: Database
  owner: string
  /** Does it; undefined when the call is not (any more) of this process. Never rejects. */
  obey(callId: string, command: CallCommand): Promise<CommandResult> | undefined
}

const gone: CommandResult = { ok: false, code: 'not-possible', message: '通话已经结束' }

export class CommandInbox {
  readonly #deps: CommandInboxDeps
  /** The last command under way of each call: the next one waits for it. */
  readonly #chains = new Map<string, Promise<void>>()
  #taking: Promise<void> = Promise.resolve()

  constructor(deps: CommandInboxDeps) {
    this.#deps = deps
  }

  /** Something may wait for these calls. Never throws: a database that is away is asked again by the next beat. */
  async look(callIds: readonly string[]): Promise<void> {
    this.#taking = this.#taking.then(() => this.#take(callIds))
    await this.#taking
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#taking
    await Promise.all(this.#chains.values())
  }

  async #take(callIds: readonly string[]): Promise<void> {
    try {
      for (const stored of await takeCommands(this.#deps.db.sql, this.#deps.owner, callIds)) this.#follow(stored)
    } catch (error) {
      log.warn({ err: errorFacts(error) }, 'commands for calls could not be read')
    }
  }

  #follow(stored: StoredCommand): void {
    const { callId } = stored
    const chain = (this.#chains.get(callId) ?? Promise.resolve()).then(() => this.#do(stored))
    this.#chains.set(callId, chain)
    void chain.then(() => this.#chains.get(callId) === chain && this.#chains.delete(callId))
  }

  async #do({ id, callId, command }: StoredCommand): Promise<void> {
    const result = (await this.#deps.obey(callId, command as CallCommand)) ?? gone
    const { db } = this.#deps
    try {
      await db.retry('tell what became of a command', () => db.transaction((tx) => finishCommand(tx, id, result)))
    } catch (error) {
      log.warn({ err: errorFacts(error), call: callId }, 'what became of a command could not be told')
    }
  }
}
