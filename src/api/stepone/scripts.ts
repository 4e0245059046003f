// GET, PUT, POST and DELETE scripts (话术): drafts, review, versions. Translates only; the script desk decides.
import { z } from 'zod'
import type { ScriptDesk, ScriptSummary } from '../../dialer/script-desk.ts'
import { nodeCount } from '../../robot/script/check-script.ts'
import { readScript, type PlacedProblem } from '../../robot/script/read-script.ts'
import { createScriptRobot } from '../../robot/script/script-robot.ts'
import { chat } from '../../robot/script/typed-talk.ts'
import { action, jsonObject, requiredText, type StepOne } from './action.ts'
import { HttpError } from './errors.ts'

const path = '/api/v1/scripts'
const tag = '话术'
const needs = { key: true, version: false } as const
const reviews = { ...needs, admin: true } as const
/** A script at its largest, written into JSON. */
const bodyBytesMax = 1024 * 1024
const talkLinesMax = 60

const id = z.string({ error: 'id 应为话术编号' }).regex(/^[a-z][a-z0-9-]{1,59}$/, { error: '话术编号只能含小写字母、数字和 -，最多 60 个字符' })
const params = z.object({ id })
const revision = z.int({ error: 'revision 应为整数' }).min(1).optional().meta({ description: '审核的是哪一稿；不是最后一稿就返回 409' })
const source = z.string({ error: 'source 应为话术的全文（YAML 或 JSON）' }).min(1, { error: 'source 不能为空' })

const scriptShape = z.object({
  id: z.string(),
  number: z.int().meta({ description: '数字编号，即阿里云接口的 DialogId' }),
  title: z.string(),
  purpose: z.string(),
  own: z.boolean().meta({ description: 'false：内置话术，对所有账户已发布' }),
  published: z.object({ version: z.int(), at: z.string() }).nullable().meta({ description: '新的通话说的版本' }),
  draft: z.object({ revision: z.int(), state: z.enum(['draft', 'submitted', 'refused']), why: z.string().meta({ description: '驳回的原因' }), at: z.string() }).nullable(),
  retired_at: z.string().nullable(),
})
const problemShape = z.object({ line: z.int(), path: z.string(), code: z.string(), message: z.string() })
const oneScript = z.object({ success: z.literal(true), script: scriptShape })

const toWire = ({ id, number, title, purpose, own, published, draft, retiredAt }: ScriptSummary): z.infer<typeof scriptShape> => ({
  id, number, title, purpose, own,
  published: published ? { version: published.version, at: published.at.toISOString() } : null,
  draft: draft ? { ...draft, at: draft.at.toISOString() } : null,
  retired_at: retiredAt?.toISOString() ?? null,
})
const problemsOnWire = (problems: readonly PlacedProblem[]): z.infer<typeof problemShape>[] => problems.map(({ line, path, code, message }) => ({ line, path: path.map(String).join('.'), code, message }))

function deskOf({ scripts }: StepOne): ScriptDesk {
  if (scripts === undefined) throw new HttpError(404, 'path-not-found', '此服务没有话术')
  return scripts
}

const idOf = (request: { params: unknown }): string => (request.params as z.infer<typeof params>).id
const answered = (script: ScriptSummary) => ({ success: true as const, script: toWire(script) })

export const list_scripts = action({
  method: 'GET', path, tag, summary: '列出话术', needs,
  answer: z.object({ success: z.literal(true), scripts: z.array(scriptShape) }),
  async handle({ accountId }, stepone) {
    return { success: true as const, scripts: (await deskOf(stepone).list(accountId)).map(toWire) }
  },
})

export const get_script = action({
  method: 'GET', path: `${path}/:id`, tag, summary: '查看一个话术和它的版本', needs, params,
  answer: z.object({ success: z.literal(true), script: scriptShape, versions: z.array(z.object({ version: z.int(), created_at: z.string(), published: z.boolean() })) }),
  async handle({ accountId, request }, stepone) {
    const desk = deskOf(stepone)
    const versions = await desk.versions(accountId, idOf(request))
    return { ...answered(await desk.find(accountId, idOf(request))), versions: versions.map(({ version, createdAt, published }) => ({ version, created_at: createdAt.toISOString(), published })) }
  },
})

const which = z.string().regex(/^(?:draft|published|[1-9]\d{0,8})$/, { error: 'version 应为 draft、published 或版本号' }).default('published')
const whichOf = (text: string): 'draft' | 'published' | number => (text === 'draft' || text === 'published' ? text : Number(text))

export const script_source = action({
  method: 'GET', path: `${path}/:id/source`, tag, summary: '导出话术的全文', needs, params,
  query: z.object({ version: which.meta({ description: 'draft、published（默认）或版本号' }) }),
  answer: z.object({ success: z.literal(true), id: z.string(), source: z.string().meta({ description: '交来时的格式：YAML 或 JSON' }) }),
  async handle({ accountId, request }, stepone) {
    const { version } = request.query as { version: string }
    return { success: true as const, id: idOf(request), source: await deskOf(stepone).source(accountId, idOf(request), whichOf(version)) }
  },
})

export const check_script = action({
  method: 'POST', path: `${path}/check`, tag, summary: '校验话术，不保存',
  description: '每个问题带行号、位置和稳定的代码；没有问题时 `problems` 为空。',
  needs, bodyBytesMax,
  body: jsonObject({ source }),
  answer: z.object({ success: z.literal(true), fit: z.boolean(), problems: z.array(problemShape), nodes: z.int().nullable(), branches: z.int().nullable() }),
  async handle({ body }) {
    const { script, problems } = readScript(body.source)
    const count = script && nodeCount(script)
    return await Promise.resolve({ success: true as const, fit: script !== undefined, problems: problemsOnWire(problems), nodes: count?.nodes ?? null, branches: count?.branches ?? null })
  },
})

export const put_script = action({
  method: 'PUT', path: `${path}/:id`, tag, summary: '保存话术的草稿',
  description: '有问题也保存，并逐个说明；已发布的版本不受影响。保存过的草稿要重新提交审核。全文里的 `version` 由发布时编号。',
  needs, params, bodyBytesMax,
  body: jsonObject({ source }),
  answer: z.object({ success: z.literal(true), script: scriptShape, problems: z.array(problemShape) }),
  async handle({ accountId, body, request }, stepone) {
    const named = idOf(request)
    const { script, problems } = await deskOf(stepone).put(accountId, body.source, named)
    return { ...answered(script), problems: problemsOnWire(problems) }
  },
})

export const submit_script = action({
  method: 'POST', path: `${path}/:id/submit`, tag, summary: '提交审核', description: '有问题的草稿不能提交。', needs, params,
  body: jsonObject({ revision }),
  answer: oneScript,
  async handle({ accountId, body, request }, stepone) {
    return answered(await deskOf(stepone).submit(accountId, idOf(request), body.revision))
  },
})

const account_id = requiredText('account_id', '账户', 60).optional().meta({ description: '审核哪个账户的话术；不填则是密钥自己的账户' })

export const publish_script = action({
  method: 'POST', path: `${path}/:id/publish`, tag, summary: '审核通过并发布', description: '成为下一个版本，从此不再改变；新的通话说这一版。需要管理密钥。', needs: reviews, params,
  body: jsonObject({ revision, account_id }),
  answer: oneScript,
  async handle({ accountId, body, request }, stepone) {
    return answered(await deskOf(stepone).publish(body.account_id ?? accountId, idOf(request), body.revision))
  },
})

export const refuse_script = action({
  method: 'POST', path: `${path}/:id/refuse`, tag, summary: '审核驳回', description: '需要管理密钥。', needs: reviews, params,
  body: jsonObject({ why: requiredText('why', '驳回的原因', 500), revision, account_id }),
  answer: oneScript,
  async handle({ accountId, body, request }, stepone) {
    return answered(await deskOf(stepone).refuse(body.account_id ?? accountId, idOf(request), body.why, body.revision))
  },
})

export const rollback_script = action({
  method: 'POST', path: `${path}/:id/rollback`, tag, summary: '恢复一个以前的版本', description: '新的通话说那一版；已经点名其他版本的通话和任务不变。', needs, params,
  body: jsonObject({ version: z.int({ error: 'version 应为版本号' }).min(1) }),
  answer: oneScript,
  async handle({ accountId, body, request }, stepone) {
    return answered(await deskOf(stepone).rollback(accountId, idOf(request), body.version))
  },
})

export const retire_script = action({
  method: 'POST', path: `${path}/:id/retire`, tag, summary: '下线', description: '新的通话不能再用；已经点名它的继续。', needs, params,
  answer: oneScript,
  async handle({ accountId, request }, stepone) {
    return answered(await deskOf(stepone).retire(accountId, idOf(request)))
  },
})

export const discard_script = action({
  method: 'DELETE', path: `${path}/:id`, tag, summary: '丢弃草稿', description: '从未发布过的话术随草稿一起删除；发布过的版本不能删除。', needs, params,
  answer: z.object({ success: z.literal(true) }),
  async handle({ accountId, request }, stepone) {
    await deskOf(stepone).discard(accountId, idOf(request))
    return { success: true as const }
  },
})

export const simulate_script = action({
  method: 'POST', path: `${path}/:id/simulate`, tag, summary: '用文字和话术对话', description: '不打电话。`talk` 每项是对方的一句话，空字符串是沉默，`#1` 是按键；回答里 `·` 开头的行是机器人记下的内容。', needs, params,
  body: jsonObject({
    version: which,
    vars: z.record(z.string(), z.string({ error: 'vars 的值应为字符串' }).max(200), { error: 'vars 应为 JSON 对象，值都是字符串' }).default({}),
    talk: z.array(z.string({ error: 'talk 的每一项应为字符串' }).max(200), { error: 'talk 应为字符串的列表' }).max(talkLinesMax, { error: `talk 最多 ${talkLinesMax} 项` }).default([]),
  }),
  answer: z.object({ success: z.literal(true), lines: z.array(z.string()) }),
  async handle({ accountId, body, request }, stepone) {
    const desk = deskOf(stepone)
    const acceptedAt = new Date(stepone.clock.nowMs())
    const { script, values } = await desk.tryOut(accountId, idOf(request), whichOf(body.version), body.vars, acceptedAt)
    await using robot = createScriptRobot({ script, values, acceptedAt, now: () => acceptedAt })
    const lines: string[] = []
    await chat(robot, turns(body.talk), (line) => lines.push(line))
    return { success: true as const, lines }
  },
})

async function* turns(talk: readonly string[]): AsyncIterable<string> {
  yield* await Promise.resolve(talk)
}
