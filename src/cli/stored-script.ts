// waihu script put, submit, publish …: the scripts (话术) of an account on a running server. Knows files and the terminal; the server decides.
import { writeFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { parse, stringify } from 'yaml'
import { InvalidInputError } from '../errors.ts'
import { titleOf } from '../robot/script/read-script.ts'
import type { ApiClient } from './api-client.ts'
import { cliClient, cliConfig } from './context.ts'
import { sourceOf } from './script-files.ts'

const path = '/api/v1/scripts'
const id = { type: 'positional', required: true, description: '话术编号 id of the script' } as const
const revision = { type: 'string', description: '审核的是第几稿，别人改过就拒绝 the draft that was reviewed; refused when it has changed' } as const
const account = { type: 'string', description: '审核哪个账户的话术，默认自己的 account whose script it is, by default ours' } as const

type Wire = { id: string; number: number; title: string; own: boolean; published: { version: number; at: string } | null; draft: { revision: number; state: string; why: string; at: string } | null; retired_at: string | null }
const draftWords: Readonly<Record<string, string>> = { draft: '草稿 draft', submitted: '待审核 submitted', refused: '被驳回 refused' }

function row({ id, number, title, own, published, draft, retired_at: retiredAt }: Wire): string {
  const state = published ? `已发布 published v${published.version}` : retiredAt === null ? '未发布 not published' : '已下线 retired'
  return [id, `#${number}`, title, own ? state : `${state}（内置 built in）`, ...(draft ? [`${draftWords[draft.state] ?? draft.state} 第 ${draft.revision} 稿${draft.why === '' ? '' : `：${draft.why}`}`] : [])].join(' · ')
}

const client = (): ApiClient => cliClient(cliConfig())
const show = (answer: Record<string, unknown>): void => console.log(row(answer['script'] as Wire))
const revisionOf = (text: string | undefined): { revision?: number } => (text === undefined ? {} : { revision: wholeNumber('--revision', text) })

function wholeNumber(what: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidInputError(what, `${what} 是从 1 开始的整数：'${text}'。 ${what} is a whole number from 1.`)
  return Number(text)
}

const list = defineCommand({
  meta: { name: 'list', description: '列出账户的话术和内置话术。 List the scripts of the account and those built in.' },
  async run() {
    for (const script of (await client().get(path))['scripts'] as Wire[]) console.log(row(script))
  },
})

const put = defineCommand({
  meta: { name: 'put', description: '把话术文件存为草稿。 Keep a script file as a draft.' },
  args: { file: { type: 'positional', required: true, description: '话术文件（YAML 或 JSON） script file, YAML or JSON' } },
  async run({ args }) {
    const source = sourceOf(args.file)
    const named = titleOf(source)
    if (named === undefined) throw new InvalidInputError('file', `${args.file} 里没有可用的 id：先运行 waihu script check。 ${args.file} has no usable id: run waihu script check first.`)
    const answer = await client().put(`${path}/${named.id}`, { source })
    for (const { line, path: at, message } of answer['problems'] as { line: number; path: string; message: string }[]) console.error(`${args.file}:${line}: ${at}${at === '' ? '' : ': '}${message}`)
    show(answer)
  },
})

const submit = defineCommand({
  meta: { name: 'submit', description: '提交审核。 Hand a draft in for review.' },
  args: { id, revision },
  run: async ({ args }) => show(await client().post(`${path}/${args.id}/submit`, revisionOf(args.revision))),
})

const publish = defineCommand({
  meta: { name: 'publish', description: '审核通过并发布（需要管理密钥）。 Publish what was submitted; needs an admin key.' },
  args: { id, revision, account },
  run: async ({ args }) => show(await client().post(`${path}/${args.id}/publish`, { ...revisionOf(args.revision), account_id: args.account })),
})

const refuse = defineCommand({
  meta: { name: 'refuse', description: '审核驳回（需要管理密钥）。 Send a submitted draft back; needs an admin key.' },
  args: { id, why: { type: 'positional', required: true, description: '原因 the reason' }, revision, account },
  run: async ({ args }) => show(await client().post(`${path}/${args.id}/refuse`, { why: args.why, ...revisionOf(args.revision), account_id: args.account })),
})

const rollback = defineCommand({
  meta: { name: 'rollback', description: '恢复一个以前的版本。 New calls say an older version again.' },
  args: { id, version: { type: 'positional', required: true, description: '版本号 number of the version' } },
  run: async ({ args }) => show(await client().post(`${path}/${args.id}/rollback`, { version: wholeNumber('version', args.version) })),
})

const retire = defineCommand({
  meta: { name: 'retire', description: '下线：新的通话不能再用。 No new call can use it.' },
  args: { id },
  run: async ({ args }) => show(await client().post(`${path}/${args.id}/retire`, {})),
})

const versions = defineCommand({
  meta: { name: 'versions', description: '列出发布过的版本。 List what was published.' },
  args: { id },
  async run({ args }) {
    const answer = await client().get(`${path}/${args.id}`)
    show(answer)
    for (const { version, created_at: at, published } of answer['versions'] as { version: number; created_at: string; published: boolean }[]) console.log(`  v${version}  ${at}${published ? '  ← 现在 now' : ''}`)
  },
})

const exportScript = defineCommand({
  meta: { name: 'export', description: '导出话术。 Export a script.' },
  args: {
    id,
    version: { type: 'string', default: 'published', description: 'draft、published 或版本号 draft, published, or a number' },
    format: { type: 'enum', options: ['as-is', 'yaml', 'json'], default: 'as-is', description: '原样（保留注释）、YAML 或 JSON as it was handed in with its comments, YAML, or JSON' },
    out: { type: 'string', description: '写到文件，默认标准输出 file to write, by default standard output' },
  },
  async run({ args }) {
    const { source } = (await client().get(`${path}/${args.id}/source?version=${encodeURIComponent(args.version)}`)) as { source: string }
    const text = args.format === 'as-is' ? source : args.format === 'json' ? `${JSON.stringify(parse(source), undefined, 2)}\n` : stringify(parse(source), { lineWidth: 0 })
    if (args.out === undefined) process.stdout.write(text)
    else await writeFile(args.out, text)
  },
})

export const storedScriptCommands = { list, put, submit, publish, refuse, rollback, retire, versions, export: exportScript }
