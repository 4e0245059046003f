import { readFileSync } from 'node:fs'
import { defineCommand } from 'citty'
import { TtsTemplates } from '../account/tts-templates.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const accountArg = { account_id: { type: 'positional', required: true, description: 'acc_…' } } as const
const codeArg = { code: { type: 'positional', required: true, description: 'TTS_ 加数字或字母 TTS_ and digits or letters' } } as const

const list = defineCommand({
  meta: { name: 'list', description: '列出文本模板。 List text templates.' },
  args: accountArg,
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      for (const { code, name, state, text } of await new TtsTemplates(db).list(args.account_id)) console.log(`${code}  ${state}  ${name}  ${text}`)
    }),
})

const put = defineCommand({
  meta: { name: 'put', description: '新建或修改文本模板，变量写成 ${name}。 Add or change a text template; variables are written ${name}.' },
  args: {
    ...accountArg,
    ...codeArg,
    text: { type: 'positional', required: true, description: '内容；- 表示从标准输入读 the text; - reads it from standard input' },
    name: { type: 'string', default: '', description: '名称 name' },
    state: { type: 'enum', options: ['approved', 'pending', 'rejected'], default: 'approved', description: '审核状态；只有 approved 能播报 only approved ones are spoken' },
    'says-synthetic': { type: 'boolean', default: false, description: '内容自己已写明是合成语音，之前不再加提示 it says itself that the voice is synthetic' },
  },
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      const text = args.text === '-' ? readFileSync(0, 'utf8') : args.text
      const template = await new TtsTemplates(db).put(args.account_id, { code: args.code, text, name: args.name, state: args.state, saysSynthetic: args['says-synthetic'] })
      console.log(`${template.code}  ${template.state}  ${template.text}`)
    }),
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除文本模板。 Remove a text template.' },
  args: { ...accountArg, ...codeArg },
  run: ({ args }) =>
    withDatabase(cliConfig(), async (db) => {
      await new TtsTemplates(db).remove(args.account_id, args.code)
      console.log('已删除 removed')
    }),
})

export const ttsTemplate = defineCommand({
  meta: { name: 'tts-template', description: '管理阿里云接口播报的文本模板：list、put、remove。 Manage the text templates of the Alibaba Cloud face.' },
  subCommands: { list, put, remove },
})
