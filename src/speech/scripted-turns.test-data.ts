// Turns of callees with the pauses that people make: numbers in groups, searching for words, clauses, and short answers. Does not know what hears them.
import { seededRandom } from '../media/seeded-random.ts'

/** `after`: silence before the next piece. `drawnOut`: spoken at half pace. */
export type Piece = { text: string; afterMs: number; drawnOut?: boolean }
export type TurnKind = 'short answer' | 'neutral answer' | 'phone number' | 'identity card' | 'hesitation' | 'clause'
export type ScriptedTurn = { kind: TurnKind; pieces: readonly Piece[] }
/** A callee keeps their pace through the call: quick ones pause for less time, slow ones for more. */
export type ScriptedCall = { voice: string; noisy: boolean; greeting: string; turns: readonly ScriptedTurn[] }

const voices = ['m1', 'f1', 'm2', 'f2', 'm4', 'f4', 'm5', 'f5', 'm7', 'm8']
const greetings = ['喂', '喂，你好', '你好', '喂，哪位']
const paces = [0.75, 1, 1, 1.25]

const shortAnswers = ['好的', '可以', '对，我是', '是我，你说', '不用了', '没听清', '不需要', '我知道了', '行吧', '不方便', '你是谁', '多少钱', '什么时候', '没问题', '谢谢', '嗯', '没收到', '再说一遍', '我在开会', '打错了']
const neutralAnswers = ['明天下午三点', '王丽华', '我叫李明', '在人民路', '星期六上午', '三点半', '李经理', '二号楼']
const numberIntros = ['', '我的号码是', '你记一下', '手机号', '电话是']
const groupings = [[3, 4, 4], [3, 4, 4], [4, 4, 3], [3, 3, 5], [3, 2, 2, 4]]
/** What comes before a pause, and what after it. */
const hesitations: readonly (readonly [string, string])[] = [
  ['嗯', '明天可以'], ['呃', '我不太清楚'], ['我想', '改到后天'], ['那个', '我明天没空'], ['可以但是', '要晚一点'], ['因为', '我要上班'], ['我明天上午的话', '可能不在家'], ['然后', '我再去拿'],
  ['如果', '下雨怎么办'], ['就是', '能不能晚一点'], ['好的那', '我明天过去'], ['我叫', '王小明'], ['地址是', '人民路八号'], ['应该是', '星期三'], ['我看一下', '后天可以'], ['不过', '我没有时间'],
]
const clauses: readonly (readonly [string, string])[] = [
  ['我现在在外面', '晚一点回去'], ['明天下午', '我没有时间'], ['我姓王', '你说吧'], ['他出去了', '你晚点再打'], ['上午不行', '下午可以'], ['合同收到了', '还没有看'],
]

/** The same calls for the same seed. Half of them have noise of −52 dBm0 on the line. */
export function scriptedCalls(count: number, seed = 1): ScriptedCall[] {
  const random = seededRandom(seed)
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const between = (fromMs: number, toMs: number): number => Math.round(fromMs + random() * (toMs - fromMs))
  const digits = (n: number, first: string): string => Array.from({ length: n }, (_, i) => first[i] ?? oneOf(Array.from('零一二三四五六七八九'))).join('')

  function paused(kind: TurnKind, pace: number): ScriptedTurn {
    const pause = (fromMs: number, toMs: number): number => Math.round(pace * between(fromMs, toMs))
    if (kind === 'phone number') {
      const number = digits(11, `幺${oneOf(['三', '五', '七', '八'])}`)
      // Whoever tells a number pauses much the same after each group.
      const groupMs = pause(350, 1_000)
      let at = 0
      const groups = oneOf(groupings).map((length) => number.slice(at, (at += length)))
      const intro = oneOf(numberIntros)
      const pieces = groups.map((text, i) => ({ text, afterMs: i === groups.length - 1 ? 0 : groupMs + between(-80, 80) }))
      return { kind, pieces: intro === '' ? pieces : [{ text: intro, afterMs: pause(150, 700) }, ...pieces] }
    }
    if (kind === 'identity card') {
      const groupMs = pause(400, 1_000)
      return { kind, pieces: [{ text: '身份证号是', afterMs: pause(200, 700) }, { text: digits(6, '一一零'), afterMs: groupMs }, { text: digits(8, '一九'), afterMs: groupMs }, { text: digits(4, ''), afterMs: 0 }] }
    }
    const [before, after] = oneOf(kind === 'clause' ? clauses : hesitations)
    const drawnOut = /^[嗯呃]$/.test(before)
    return { kind, pieces: [{ text: before, afterMs: kind === 'clause' ? pause(150, 420) : pause(400, 1_100), drawnOut }, { text: after, afterMs: 0 }] }
  }

  return Array.from({ length: count }, (_, i) => {
    const pace = paces[i % paces.length]!
    const answer = (kind: 'short answer' | 'neutral answer'): ScriptedTurn => ({ kind, pieces: [{ text: oneOf(kind === 'short answer' ? shortAnswers : neutralAnswers), afterMs: 0 }] })
    const turns = [answer('short answer'), paused('hesitation', pace), answer('short answer'), paused(i % 4 === 3 ? 'identity card' : 'phone number', pace), answer(i % 2 ? 'neutral answer' : 'short answer'), paused('clause', pace), answer('short answer'), paused('hesitation', pace)]
    return { voice: voices[i % voices.length]!, noisy: i % 2 === 1, greeting: oneOf(greetings), turns }
  })
}
