// The commands about how words are read aloud (读法): of one account, or of everybody on this installation.
import { defineCommand } from 'citty'
import { ReadingDesk } from '../reading-desk.ts'
import { cliConfig } from './context.ts'
import { withDatabase } from './database.ts'

const whose = { account: { type: 'string', description: '只对这个账户 acc_…；不填则对所有账户 of this account only; left out: for everybody' } } as const

const withDesk = <T>(work: (desk: ReadingDesk) => Promise<T>): Promise<T> => withDatabase(cliConfig(), (db) => work(new ReadingDesk(db)))

const set = defineCommand({
  meta: { name: 'set', description: '登记读法，几秒后开始的通话按它朗读。 Set how a word is read; calls that begin a few seconds later follow.' },
  args: {
    word: { type: 'positional', required: true, description: '词语 word' },
    pinyin: { type: 'string', description: '逐字拼音，如 "yue4 tian1" 或 "yuè tiān" pinyin, a syllable for each character' },
    say: { type: 'string', description: '用另一段文字来念，如把 3M 念作 三M said in its place' },
    ...whose,
  },
  run: ({ args }) =>
    withDesk(async (desk) => {
      const kept = await desk.set(args.account, args)
      console.log(`${kept.word} → ${'pinyin' in kept ? kept.pinyin : kept.say}`)
    }),
})

const remove = defineCommand({
  meta: { name: 'remove', description: '删除读法，之后按通常的读法。 Take a reading away.' },
  args: { word: { type: 'positional', required: true, description: '词语 word' }, ...whose },
  run: ({ args }) =>
    withDesk(async (desk) => {
      await desk.remove(args.account, args.word)
      console.log('已删除 removed')
    }),
})

const list = defineCommand({
  meta: { name: 'list', description: '列出读法，同一个词以账户自己的为准。 Show the readings; an account\'s own win.' },
  args: whose,
  run: ({ args }) =>
    withDesk(async (desk) => {
      for (const { word, pinyin, say, scope } of await desk.list(args.account)) console.log(`${word} → ${pinyin ?? say}  ${scope === 'everybody' ? '全局 everybody' : '账户 account'}`)
    }),
})

const preview = defineCommand({
  meta: { name: 'preview', description: '试读：一段文字会怎样念。 How a text would be read.' },
  args: { text: { type: 'positional', required: true, description: '文字 text' }, ...whose },
  run: ({ args }) =>
    withDesk(async (desk) => {
      const { spoken, pinyin } = await desk.preview(args.account, args.text)
      console.log(`${spoken}\n${pinyin}`)
    }),
})

export const reading = defineCommand({
  meta: { name: 'reading', description: '词语读法：set、remove、list、preview。 How words are read aloud.' },
  subCommands: { set, remove, list, preview },
})
