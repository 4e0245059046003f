// Knows how scripts of accounts go from draft over review to published versions, and which of them a call may name. Does not know calls, HTTP or who may review.
import { createHash } from 'node:crypto'
import { addVersion, findScript, findScriptByNumber, findVersion, lastVersion, libraryOwner, lockScript, putDraft, scriptsOf, setDraft, setPublished, versionsOf, type DraftState, type StoredScript } from '../db/scripts.ts'
import type { Database, Tx } from '../db/connection.ts'
import { findAccount } from '../db/accounts.ts'
import { InvalidInputError, NotFoundError, RefusedError } from '../errors.ts'
import { findDates } from '../robot/dates.ts'
import { describeProblem, numbered, readScript, titleOf, type PlacedProblem } from '../robot/script/read-script.ts'
import { allLines, type Script } from '../robot/script/schema.ts'
import type { ScriptSpec } from '../robot/script/spec.ts'
import { acceptValues, type Values } from '../robot/script/variables.ts'
import type { ScriptShelf } from './script-shelf.ts'

export type ScriptSummary = {
  id: string
  /** What clients that know scripts by numbers call it; as lasting as its id. */
  number: number
  title: string
  purpose: string
  /** False: it comes with the program and is published for everybody. */
  own: boolean
  published: { version: number; at: Date } | undefined
  /** `why`: for what it was refused. */
  draft: { revision: number; state: DraftState; why: string; at: Date } | undefined
  retiredAt: Date | undefined
  createdAt: Date
}
export type PublishedScript = { version: number; script: Script }
/** What a call is accepted with: as for a sentence, see AcceptedRequirement. `told`: what the call is about, for people. */
export type AcceptedScript = { spec: ScriptSpec; expiresAt: Date | undefined; told: string; script: Script }
/** Undefined: the last one. A revision that is no longer the last is refused, so that nobody publishes what nobody reviewed. */
export type Revision = number | undefined

/** Errors of all: NotFoundError 'script'; RefusedError 'not-possible' in a state that does not allow it, 'version-conflict' for a draft that has changed meanwhile. */
export interface ScriptDesk {
  /** Keeps a draft, faulty or not; its id is that of the source, and `named` where that is given. Errors: InvalidInputError when it has none, another one, or is no text of a script; NotFoundError 'account'. */
  put(accountId: string, source: string, named?: string): Promise<{ script: ScriptSummary; problems: readonly PlacedProblem[] }>
  /** Hands a draft in for review. Errors: InvalidInputError with its problems, recordings that the account does not have among them. */
  submit(accountId: string, id: string, revision?: Revision): Promise<ScriptSummary>
  /** Makes the submitted draft the next version, which never changes again, and what new calls say. */
  publish(accountId: string, id: string, revision?: Revision): Promise<ScriptSummary>
  /** Sends a submitted draft back with a reason. */
  refuse(accountId: string, id: string, why: string, revision?: Revision): Promise<ScriptSummary>
  /** New calls say an older version again. Calls and tasks that named another one go on with theirs. */
  rollback(accountId: string, id: string, version: number): Promise<ScriptSummary>
  /** No new call can name it. Those that did go on. */
  retire(accountId: string, id: string): Promise<ScriptSummary>
  /** Removes a draft; the script too when nothing of it was ever published. */
  discard(accountId: string, id: string): Promise<void>
  /** Own ones and the library, by id. An own script that was ever published hides the one of the library with its id. */
  list(accountId: string): Promise<ScriptSummary[]>
  find(accountId: string, id: string): Promise<ScriptSummary>
  /** One that the account may name, by its number; the number of the library's goes on meaning its id when an own one hides it. */
  findByNumber(accountId: string, number: number): Promise<ScriptSummary>
  /** The newest first. */
  versions(accountId: string, id: string): Promise<readonly { version: number; createdAt: Date; published: boolean }[]>
  /** The text of the draft, of a version, or of what is published. */
  source(accountId: string, id: string, which: 'draft' | 'published' | number): Promise<string>
  /** What new calls say. Errors: RefusedError 'not-possible' when nothing is published. */
  published(accountId: string, id: string): Promise<PublishedScript>
  /** A version that was published once. */
  version(accountId: string, id: string, version: number): Promise<Script>
  /** A draft or a version with values, to be talked with. Errors: InvalidInputError for a draft with problems, and as `accept`. */
  tryOut(accountId: string, id: string, which: 'draft' | 'published' | number, vars: Readonly<Record<string, string>>, at: Date): Promise<{ script: Script; values: Values }>
  /** Fixes what a call says. `organisation` is the variable org where the values have none. Errors: InvalidInputError 'vars' with each value that is missing or cannot be told. */
  accept(accountId: string, p: { script: string; version?: number | undefined; vars: Readonly<Record<string, string>> }, at: { acceptedAt: Date; organisation: string | undefined; handover?: string | undefined }): Promise<AcceptedScript>
}

export const scriptLimits = { perAccountMax: 500, versionsListedMax: 200, whyCharsMax: 500 } as const

const withinMs = 3_000
/** Nobody's title is shown longer. */
const titleCharsMax = 100

export class StoredScripts implements ScriptDesk {
  readonly #db: Database
  readonly #shelf: ScriptShelf
  readonly #now: () => Date
  readonly #hasRecording: ((accountId: string, file: string) => Promise<boolean>) | undefined

  /** `hasRecording`: whether an account has a recorded file that can be played; absent: it is not asked. */
  constructor(db: Database, shelf: ScriptShelf, p: { now?: () => Date; hasRecording?: (accountId: string, file: string) => Promise<boolean> } = {}) {
    this.#db = db
    this.#shelf = shelf
    this.#now = p.now ?? (() => new Date())
    this.#hasRecording = p.hasRecording
  }

  async put(accountId: string, source: string, id?: string): Promise<{ script: ScriptSummary; problems: readonly PlacedProblem[] }> {
    const { problems } = readScript(source)
    const named = titleOf(source)
    if (named === undefined) throw new InvalidInputError('script', `话术里没有可用的 id：${problems[0] ? describeProblem(problems[0], '话术') : '写明 id'}。 The script has no usable id`)
    if (id !== undefined && named.id !== id) throw new InvalidInputError('id', `地址里的话术编号是 ${id}，全文里的 id 是 ${named.id}`)
    if ((await findAccount(this.#db.sql, accountId)) === undefined) throw new NotFoundError('account', `没有账户 ${accountId}`)
    const before = await findScript(this.#db.sql, accountId, named.id)
    if (!before && (await scriptsOf(this.#db.sql, [accountId], scriptLimits.perAccountMax)).length >= scriptLimits.perAccountMax) throw new InvalidInputError('script', `每个账户最多 ${scriptLimits.perAccountMax} 个话术`)
    await putDraft(this.#db.sql, { owner: accountId, id: named.id, title: named.title.slice(0, titleCharsMax), purpose: named.purpose, source, at: this.#now() })
    return { script: await this.find(accountId, named.id), problems }
  }

  submit(accountId: string, id: string, revision?: Revision): Promise<ScriptSummary> {
    return this.#change(accountId, id, async (tx, script) => {
      const draft = draftOf(script, revision)
      if (draft.state === 'submitted') return
      await this.#assertRecorded(accountId, assertFit(draft.source, id))
      await setDraft(tx, script, { state: 'submitted', why: '' })
    })
  }

  publish(accountId: string, id: string, revision?: Revision): Promise<ScriptSummary> {
    return this.#change(accountId, id, async (tx, script) => {
      const draft = draftOf(script, revision)
      if (draft.state !== 'submitted') throw new RefusedError('not-possible', `话术 ${id} 还没有提交审核：先 submit`)
      // Numbers of the library are not used again, so that a number always means one text, whoever names it.
      const version = (await lastVersion(tx, [accountId, libraryOwner], id)) + 1
      const source = numbered(draft.source, version)
      // What is checked changes with the program: a draft that was submitted long ago is checked as of now.
      const { title, purpose } = assertFit(source, id)
      await addVersion(tx, { owner: accountId, id, version, source, sha256: sha256Of(source), at: this.#now() })
      await setPublished(tx, script, { version, at: this.#now(), title, purpose })
      await setDraft(tx, script, 'none')
    })
  }

  async refuse(accountId: string, id: string, why: string, revision?: Revision): Promise<ScriptSummary> {
    const reason = why.trim()
    if (reason === '' || reason.length > scriptLimits.whyCharsMax) throw new InvalidInputError('why', `驳回要写明原因，最多 ${scriptLimits.whyCharsMax} 个字符`)
    return await this.#change(accountId, id, async (tx, script) => {
      if (draftOf(script, revision).state !== 'submitted') throw new RefusedError('not-possible', `话术 ${id} 没有在审核`)
      await setDraft(tx, script, { state: 'refused', why: reason })
    })
  }

  rollback(accountId: string, id: string, version: number): Promise<ScriptSummary> {
    return this.#change(accountId, id, async (tx, script) => {
      const found = await findVersion(tx, accountId, id, version)
      if (found?.owner !== accountId) throw new NotFoundError('script', `话术 ${id} 没有版本 ${version}`)
      const body = await this.#shelf.body({ accountId, script: id, version })
      await setPublished(tx, script, { version, at: this.#now(), title: body.title, purpose: body.purpose })
    })
  }

  retire(accountId: string, id: string): Promise<ScriptSummary> {
    return this.#change(accountId, id, async (tx, script) => {
      if (!script.published) throw new RefusedError('not-possible', `话术 ${id} 没有发布`)
      await setPublished(tx, script, { version: undefined, at: this.#now() })
    })
  }

  async discard(accountId: string, id: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const script = await this.#locked(tx, accountId, id)
      if (script.draft === undefined) throw new RefusedError('not-possible', `话术 ${id} 没有草稿`)
      await setDraft(tx, script, 'none')
      if ((await lastVersion(tx, [accountId], id)) === 0) await tx.deleteFrom('scripts').where('owner', '=', accountId).where('id', '=', id).execute()
    })
  }

  async list(accountId: string): Promise<ScriptSummary[]> {
    const all = await scriptsOf(this.#db.sql, [accountId, libraryOwner], scriptLimits.perAccountMax * 2)
    const own = new Map(all.filter(({ owner }) => owner === accountId).map((script) => [script.id, script]))
    return all.filter(({ owner, id }) => owner === accountId || !own.has(id)).map((script) => summaryOf(script, script.owner === libraryOwner ? undefined : all.find(({ owner, id }) => owner === libraryOwner && id === script.id)))
  }

  async find(accountId: string, id: string): Promise<ScriptSummary> {
    const [own, library] = [await findScript(this.#db.sql, accountId, id), await findScript(this.#db.sql, libraryOwner, id)]
    const script = own ?? library
    if (!script) throw unknown(id)
    return summaryOf(script, own && library)
  }

  async findByNumber(accountId: string, number: number): Promise<ScriptSummary> {
    const script = Number.isSafeInteger(number) ? await findScriptByNumber(this.#db.sql, [accountId, libraryOwner], number) : undefined
    if (!script) throw unknown(String(number))
    return await this.find(accountId, script.id)
  }

  async versions(accountId: string, id: string): Promise<readonly { version: number; createdAt: Date; published: boolean }[]> {
    const { published } = await this.find(accountId, id)
    const of = async (owner: string) => await versionsOf(this.#db.sql, owner, id, scriptLimits.versionsListedMax)
    const all = [...await of(accountId), ...await of(libraryOwner)]
    return all.filter(({ version }, i) => all.findIndex((one) => one.version === version) === i).map(({ version, createdAt }) => ({ version, createdAt, published: version === published?.version }))
  }

  async source(accountId: string, id: string, which: 'draft' | 'published' | number): Promise<string> {
    if (which === 'draft') {
      const draft = (await findScript(this.#db.sql, accountId, id))?.draft
      if (!draft) throw new NotFoundError('script', `话术 ${id} 没有草稿`)
      return draft.source
    }
    const version = which === 'published' ? (await this.#publishedVersion(accountId, id)) : which
    const found = await findVersion(this.#db.sql, accountId, id, version)
    if (!found) throw new NotFoundError('script', `话术 ${id} 没有版本 ${version}`)
    return found.source
  }

  async published(accountId: string, id: string): Promise<PublishedScript> {
    return await this.#db.retry('find a script', async () => {
      const version = await this.#publishedVersion(accountId, id)
      return { version, script: await this.version(accountId, id, version) }
    }, { withinMs })
  }

  version(accountId: string, id: string, version: number): Promise<Script> {
    return this.#shelf.body({ accountId, script: id, version })
  }

  async tryOut(accountId: string, id: string, which: 'draft' | 'published' | number, vars: Readonly<Record<string, string>>, at: Date): Promise<{ script: Script; values: Values }> {
    const script = which === 'draft' ? assertFit(await this.source(accountId, id, 'draft'), id) : which === 'published' ? (await this.published(accountId, id)).script : await this.version(accountId, id, which)
    const account = await findAccount(this.#db.sql, accountId)
    return { script, values: valuesOf(script, vars, { acceptedAt: at, organisation: account?.organisation ?? '某公司' }) }
  }

  async accept(accountId: string, p: { script: string; version?: number | undefined; vars: Readonly<Record<string, string>> }, { acceptedAt, organisation, handover }: { acceptedAt: Date; organisation: string | undefined; handover?: string | undefined }): Promise<AcceptedScript> {
    const { version, script } = p.version === undefined ? await this.published(accountId, p.script) : { version: p.version, script: await this.version(accountId, p.script, p.version) }
    const values = valuesOf(script, p.vars, { acceptedAt, organisation })
    const spec: ScriptSpec = { kind: 'script', accountId, script: p.script, version, vars: values, acceptedAt: acceptedAt.toISOString(), ...(handover !== undefined && { handover }) }
    const ends = Object.entries(values).flatMap(([name, value]) => (script.vars[name]!.say === 'date' ? findDates(value, acceptedAt).map(({ until }) => until.getTime()) : []))
    const told = `话术“${script.title}”（${p.script} v${version}）${Object.entries(values).filter(([name]) => name !== 'org').map(([name, value]) => `${name}=${value}`).join('，')}`
    return { spec, expiresAt: ends.length === 0 ? undefined : new Date(Math.min(...ends)), told, script }
  }

  /** Errors: InvalidInputError. */
  async #assertRecorded(accountId: string, script: Script): Promise<void> {
    const files = [...new Set(allLines(script).flatMap(({ parts }) => parts.flatMap(({ file }) => file ?? [])))]
    const lacking: string[] = []
    for (const file of files) if (this.#hasRecording && !(await this.#hasRecording(accountId, file))) lacking.push(file)
    if (lacking.length > 0) throw new InvalidInputError('script', `话术 ${script.id} 用到的录音还没有上传，或不能播放：${lacking.join('、')}。用 waihu voice-file put 上传`, lacking.map((value) => ({ value, reason: '没有这个录音' })))
  }

  async #publishedVersion(accountId: string, id: string): Promise<number> {
    const own = await findScript(this.#db.sql, accountId, id)
    const hides = own !== undefined && (own.published !== undefined || own.retiredAt !== undefined)
    const script = hides ? own : ((await findScript(this.#db.sql, libraryOwner, id)) ?? own)
    if (!script) throw unknown(id)
    if (!script.published) throw new RefusedError('not-possible', script.retiredAt ? `话术 ${id} 已下线：用 rollback 恢复一个版本，或换一个话术` : `话术 ${id} 还没有发布：先提交审核并发布`)
    return script.published.version
  }

  /** One change of one script; two at once wait for each other. */
  async #change(accountId: string, id: string, work: (tx: Tx, script: StoredScript) => Promise<void>): Promise<ScriptSummary> {
    await this.#db.transaction(async (tx) => await work(tx, await this.#locked(tx, accountId, id)))
    return await this.find(accountId, id)
  }

  async #locked(tx: Tx, accountId: string, id: string): Promise<StoredScript> {
    const script = await lockScript(tx, accountId, id)
    if (script) return script
    if (await findScript(tx, libraryOwner, id)) throw new RefusedError('not-possible', `话术 ${id} 是内置的，对所有账户已发布：要改，先导出再 put 成自己的`)
    throw unknown(id)
  }
}

function unknown(id: string): NotFoundError {
  return new NotFoundError('script', `没有话术 ${id.slice(0, 60)}`)
}

/** `library`: the one of the library with the same id. */
function summaryOf(script: StoredScript, library: StoredScript | undefined): ScriptSummary {
  const { id, number, createdAt, title, purpose, draft, retiredAt } = script
  // Until something of their own was published, calls say the one of the library.
  const published = script.published ?? (retiredAt === undefined ? library?.published : undefined)
  return { id, number, title, purpose, own: script.owner !== libraryOwner, published, draft: draft && { revision: draft.revision, state: draft.state, why: draft.why, at: draft.at }, retiredAt, createdAt }
}

/** Errors: RefusedError. */
function draftOf(script: StoredScript, revision: Revision): NonNullable<StoredScript['draft']> {
  if (!script.draft) throw new RefusedError('not-possible', `话术 ${script.id} 没有草稿`)
  if (revision !== undefined && revision !== script.draft.revision) throw new RefusedError('version-conflict', `话术 ${script.id} 的草稿已是第 ${script.draft.revision} 稿，不是第 ${revision} 稿：请重新查看`)
  return script.draft
}

/** Errors: InvalidInputError with every problem on a line of its own. */
function assertFit(source: string, id: string): Script {
  const { script, problems } = readScript(source)
  if (script?.id === id) return script
  const items = problems.map((problem) => ({ value: `${problem.line}`, reason: describeProblem(problem, id) }))
  throw new InvalidInputError('script', `话术 ${id} 有 ${problems.length} 个问题：\n${items.map(({ reason }) => reason).join('\n')}`, items)
}

/** Errors: InvalidInputError 'vars'. */
function valuesOf(script: Script, vars: Readonly<Record<string, string>>, { acceptedAt, organisation }: { acceptedAt: Date; organisation: string | undefined }): Values {
  const given = { ...(organisation !== undefined && Object.hasOwn(script.vars, 'org') && { org: organisation }), ...vars }
  const { values, problems } = acceptValues(script, given, acceptedAt)
  if (problems.length === 0) return values
  const items = problems.map(({ variable, message }) => ({ value: variable, reason: message }))
  throw new InvalidInputError('vars', `话术 ${script.id} 的变量有误：${items.map(({ value, reason }) => `${value} ${reason}`).join('；')}`, items)
}

export function sha256Of(source: string): Buffer {
  return createHash('sha256').update(source).digest()
}
