// Knows what turns mean by how they are built, where no phrase is heard word for word: dialect words, endless variants of one plea.
// Does not know phrases (intent-phrases.ts) or what is answered.
import type { Intent, IntentContext } from '../intents.ts'
import { clausesOf, collapseRepeats, normalise } from '../spoken-forms.ts'

/** Words of the north-east, Sichuan, Canton and Shanghai, and what recognisers make of them, as they would be said in Beijing. */
const dialect: readonly (readonly [RegExp, string])[] = [
  [/^俺|(?<=[，。、 ])俺/gu, '我'],
  [/^系(?=我|咯|啊)|(?<=我|你|唔|佢)系(?![统列])/gu, '是'],
  [/唔(?=是|要|好|用|使)/gu, '不'],
  [/不好(?=再?打)|(?:莫|甭|勿|白)(?=再?(?:给我)?打(?!错))/gu, '别'],
  [/么(?=错)/gu, '没'],
  [/[滴哒嘞咧勒](?=[，。！、 ]|$)|(?<=[是好对行])[滴哒嘞](?=[是好对行]|$)/gu, '的'],
  [/啥子|(?<=[你您][说讲]的?)啥/gu, '什么'],
  [/一哈(?!子)/gu, '一下'],
  [/^等哈/gu, '等下'],
  [/(?:莫|冇|没)得(?=需要|兴趣|空|时间)/gu, '没有'],
  [/呗|噻|撒(?=$|[，。])/gu, ''],
]

/** 嗯 before a sentence says no more than the sentence: it neither confirms who is there nor that anything was understood. */
const filler = /^(?:(?:嗯|呃|额|啊|哦|噢|诶|哎|那个)+[，、, ]+)+(?=[^，、, ])/u

export function withoutFiller(text: string): string {
  return text.trim().replace(filler, '')
}

export function plainSpeech(text: string): string {
  return dialect.reduce((plain, [from, to]) => plain.replace(from, to), withoutFiller(text))
}

type Pattern = { intent: Intent; pattern: RegExp; asked?: readonly IntentContext['asked'][]; told?: boolean }

const kin = '(?:老公|老婆|媳妇|爱人|丈夫|妻子|妈妈?|爸爸?|爹|娘|母亲|父亲|儿子|女儿|闺女|弟弟?|哥哥?|姐姐?|妹妹?|爷爷|奶奶|同事|同学|朋友|室友|秘书|助理|领导|家里人|家人|家属)'
const own = '(?:电话|号码?|手机号?)'

/** They win over anything weaker that a turn may hold besides. Order: strongest first. */
const decisive: readonly Pattern[] = [
  { intent: 'stop', pattern: /(?:一天|每天|天天|整天|成天|都|已经|总共)?打了?(?:\d+|[一二两三四五六七八九十百好几多]+)(?:八百)?(?:遍|次|回|个电话)(?:了|电话|$)|(?:一天|每天|天天|整天|成天)(?:都|就|就知道|老|净)?打(?:\d|[一二两三四五六七八九十百好几多]|$|电话)/u },
  { intent: 'stop', pattern: /(?:删|删除|删掉|取消|注销|去掉|移除)(?:了|掉)?(?:一下)?我?的?(?:电话|号码|信息|资料|联系方式)|把我(?:的|这个)?(?:电话|号码?|手机号|信息|资料)?(?:给|从.{0,6})?(?:删|拉黑|去掉|移除)|我?把你们?(?:给)?拉黑/u },
  { intent: 'stop', pattern: /(?:别|不要|不许|少|甭)(?:再|来|老|总)*(?:来)?(?:烦|骚扰|打扰|联系)(?:我|人|俺|了)|(?:这|属于|就)(?:是|属于)?骚扰|骚扰(?:电话|我|人)|烦死(?:人|我)?了?$|烦不烦(?:啊|呀|人)?$/u },
  { intent: 'stop', pattern: /(?:侵犯|泄露|泄漏|出卖|倒卖).{0,4}(?:隐私|信息|号码)|(?:给我)?退订|(?:我|去|要|就)(?:tousu|投[诉速素数书]|头诉|透诉|举报)/u },
  { intent: 'stop', pattern: /(?:老|总|一直|一天到晚)(?:是)?(?:给我|往这)?(?:瞎|乱)?打(?!错|游戏|球|牌|车)|一天到晚.{0,2}(?:打|来电)|不想(?:再)?接(?:到)?(?:你|这)|(?:电话|来电)我?不想(?:再)?接/u },
  { intent: 'stop', pattern: /^(?:怎么|咋)(?:又|还|老|总)(?:是你们?|打|来|给我打)/u },
  { intent: 'wrong-number', pattern: new RegExp(`(?:这|那)(?:个)?${own}?(?:不是|早就?不是).{1,5}(?:的)?${own}?$|(?:这|那)(?:个)?${own}(?:不是|换人|已经换|早就?换|换了人)|不用这个${own}了|(?:这|是)(?:个)?(?:是)?我?(?:新|刚|才)(?:新|刚|才)?(?:办|换|买|用)的${own}|老(?:是)?打错|(?:你)?找的人不在这个?号|(?:号码?|电话)(?:以前|原来|之前)是(?:别人|人家)|打到(?:别人|人家)`, 'u') },
  { intent: 'third-party', pattern: new RegExp(`^我是(?:他|她|它|[\\u4e00-\\u9fff]{2,4}(?:的|他|她))(?:的)?${kin}$|(?:这是|这个是)(?:我)(?:的)?${kin}(?:的)?${own}`, 'u') },
  { intent: 'third-party', pattern: new RegExp(`(?:他|她|本人|我${kin}|${kin})(?:人|本人|手机|今天|现在|刚|刚刚|这会儿?|带孩子|已经)?(?:出去|上班|下班|出门|出差|睡着|睡觉|洗澡|休息|带孩子|去.{1,6}|落.{1,4}|没带|不在.{0,3})(?:去)?(?:了|呢|$)`, 'u') },
  { intent: 'third-party', pattern: /我(?:跟|和|给|帮|替|回头|回去|一会儿?)*(?:他|她)?(?:说一声|带个?话|转告|转达)|我(?:回头|回去|等会儿?|晚点|一会儿?)?(?:告诉|跟|通知)(?:他|她)(?:说)?$/u },
  { intent: 'human', pattern: /(?:不|别|懒得)(?:想|愿意|要)?(?:跟|和|与)(?:你们?这?个?)?(?:机器人?|电脑|AI|录音)(?:说|讲|聊|谈|废话)|(?:叫|喊|让|找|换|派)(?:一?个)?(?:人|活人|懂的|你们?的?(?:经理|领导|老板|主管|负责人|店长))(?:来|说|跟我|给我|接|打)/iu },
  { intent: 'robot', pattern: /(?:是|就是)(?:个|真的|假的|不是)*(?:真的人|真人|机器|活人)(?:吗|吧|啊|不|$)|跟(?:个)?机器(?:说|讲|聊)?/u },
  { intent: 'voicemail', pattern: /(?:嘀|滴|哔)(?:的)?一?声(?:之?后)?.{0,4}(?:留言|录音)|(?:开启|使用|启用)了?(?:来电|智能|电话)(?:助理|助手|秘书)|结束(?:后)?请挂机/u },
  { intent: 'abuse', pattern: /^(?:你们?)?(?:个|这个|是个|就是|死|臭|大)*(?:骗子|诈骗犯?)(?:吧|啊|公司)?$|^诈骗的?吧?$|(?:给)?(?:老子|我)?滚(?:犊子|远点|蛋|开|$)|去死|闭嘴|^(?:你们?)?(?:是不是|怕是)?(?:脑子)?有(?:毛)?病(?:吧|啊|呀)你?$|^(?:煞笔|沙比|傻[逼比叉b])/u },
]

/** They are asked only where nothing else was understood. */
const otherwise: readonly Pattern[] = [
  { intent: 'deny', pattern: /^(?:哦|嗯|啊|呃)*不是$|(?:说|找|打)的(?:人)?不是我$/u },
  { intent: 'wrong-number', pattern: /不认识/u, asked: ['identity'] },
  { intent: 'who', pattern: /(?:你|您|你们|这).{0,4}(?:是|在)?(?:干啥|干嘛|干什么|做什么)的|^(?:请问)?(?:你|您|你们|您们|这)?(?:是|们是|这是)?(?:哪个|哪里|哪一?位|哪儿|哪家)(?:哦|噢|啊|呀|的|的?电话|打来的?)*$|你?叫(?:啥|什么)(?:名字|名)?$/u },
  { intent: 'who', pattern: /(?:怎么|咋|为啥|为什么|从哪|哪儿?|谁).{0,6}(?:有|知道|弄|搞|拿|给|得).{0,4}我的?(?:电话|号码?|手机|联系方式)|(?:找|叫)(?:我|他|她)(?:是)?(?:干嘛|干啥|干什么|有什么事|有啥事|什么事|啥事)|^有?(?:啥|什么)(?:子)?事(?:情|儿)?$/u },
  { intent: 'busy', pattern: /(?:不太|不大|不)方便(?:接|说|听|讲|通)|(?:开|正开|上|在上|正上)着?(?:会|车|课|班)(?:呢|着|现在)|(?:在|正).{0,6}(?:开车|开会|上课|手术|登机|吃饭)|^我?(?:这会儿?|现在|今天|正|这阵|这两天)*(?:忙|没空)(?:着|得很|死|$)|(?:点|后|完|班|课|会|晚|明儿|小时|分钟|天)(?:再|以后|之后|之后再|以后再)(?:打|说|联系)|(?:回头|一会儿?|晚上|中午|下午)(?:再)?打/u },
  { intent: 'refuse', pattern: /^我?们?(?:家)?(?:都)?(?:没有|没)(?:这个|这方面的?)?(?:需要|需求|兴趣)|^我?们?不(?:买|办|贷|做|搞|弄|投|租|卖)(?:[\u4e00-\u9fff]{0,4})$/u },
  { intent: 'wait', pattern: /^(?:你|您)?(?:先)?(?:等|稍等|候)(?:我)?(?:\d+|[一二两三几半]+)?(?:个)?(?:分钟|秒钟?|会儿?|下)|(?:先)?(?:别|不要)挂(?:断|电话|机)?$|我?(?:先|去|来)*(?:找|拿|换)(?:个|一个|张|支|一?张|一?支)?(?:地方|纸|笔|本子|凳子)|我?(?:先)?把车(?:停|靠)|等我(?:拿|找|记|停|开|出)/u },
  { intent: 'wait', pattern: /(?:我)?(?:去|来|给你|让|叫|喊)(?:叫|喊|找|换)?(?:他|她)(?:来|去|过来)?(?:听|接|讲|说)?$|(?:手机|电话)给(?:他|她)$/u },
  { intent: 'repeat', pattern: /(?:再|重新?|又)(?:说|讲|重复|来|念|报)(?:一)?(?:次|遍|回|下)|^重复(?:一)?(?:次|遍|下)|(?:你|您)?(?:刚|刚才|刚刚|前面)?(?:说|讲)的?(?:是)?(?:什么|啥)|^(?:什么|啥)(?:哦|噢|呀)?$|(?:说|讲)(?:得|的)?太快|^(?:说|讲|你|您)*慢(?:点|一点|些)(?:说|讲)?|信号(?:不|太|有点|很)|一?卡一?卡|(?:声音|你声音)(?:太|有点|好)/u },
  { intent: 'question', pattern: /是.{1,6}还是.{1,6}|(?:多|多少|几)(?:长)?(?:时间|久)|需不需要|要不要|用不用/u, told: true },
  { intent: 'affirm', pattern: /^(?:好|行|对|是|成|妥|嗯|明白|清楚|知道|了解|收到|记住|记下|记下来|记好|晓得)+(?:了|的|啦|嘞)*$/u },
  { intent: 'affirm', pattern: /^我?(?:们)?(?:都|肯定|一定|到时候?|会|可以|能|准时|按时|应该|争取)*(?:去|来|到|参加|出席|到场)(?:的|吧|哈|啊|了)?$/u, asked: ['attend', 'understood'] },
  { intent: 'affirm', pattern: /^(?:我)?(?:可以|方便|愿意|行|好|能)(?:的|听|听一下|听听|说)*$|(?:你|您)(?:说|讲|请说).{0,3}(?:听着|在听)?$|(?:啥|什么)事(?:呢|啊)?(?:你|您)?(?:说|讲)?$/u, asked: ['listen'] },
  { intent: 'affirm', pattern: /^(?:我|我们|都|还|挺|很|蛮|比较|非常|相当|基本|也|就)*(?:愿意|需要|要|有|满意|可以|行|不错|好|挺好|想)(?:的|了|吧|啊)?$/u, asked: ['yes-no', 'open'] },
  { intent: 'deny', pattern: /^(?:我|我们|都|还|也|就|可能|恐怕)*(?:不|没|没有)(?:太|怎么|大|是很|是太|想|去|会)*(?:满意|需要|愿意|想|要|用|好|有)?(?:的|了|吧|啊)?$/u, asked: ['yes-no', 'open'] },
  { intent: 'deny', pattern: /(?:赶|去|来|回|到)不(?:了|回来|过来|过去|成|上)|(?:不|没法|没办法|不能)(?:去|来|参加|到)/u, asked: ['attend', 'understood'] },
  { intent: 'thanks', pattern: /^(?:多谢|谢谢|感谢|辛苦|麻烦)(?:你|您|啦|了|啊)*$/u },
  { intent: 'greeting', pattern: /^(?:诶|哎|欸|喂|嗯|啊)*(?:你|您)好(?:啊|呀)?$/u },
]

export type PatternMatch = { intent: Intent; evidence: string; decisive: boolean }

/** What the build of a turn says. `understood`: whether anything else was made of it. `text` is plain speech. */
export function byPattern(text: string, understood: boolean, context: IntentContext): PatternMatch | undefined {
  const clauses = [...new Set([...clausesOf(text), normalise(text)].flatMap((clause) => [clause, collapseRepeats(clause)]))]
  const told = context.stage === 'deliver' || context.stage === 'confirm' || context.stage === 'ask'
  const find = (patterns: readonly Pattern[], isDecisive: boolean): PatternMatch | undefined => {
    for (const { intent, pattern, asked, told: onlyTold } of patterns) {
      if ((asked && !asked.includes(context.asked)) || (onlyTold && !told)) continue
      // Who is on the phone is settled once the person has listened to what the call is about.
      if (told && (intent === 'third-party' || intent === 'wrong-number')) continue
      if (intent === 'voicemail' && (context.machinesAreTold || (context.sinceAnswerMs ?? 0) > 8_000)) continue
      for (const clause of clauses) {
        const hit = pattern.exec(clause)
        if (hit && !/(?:不是|没有|没|不会|不)$/u.test(clause.slice(0, hit.index))) return { intent, evidence: hit[0], decisive: isDecisive }
      }
    }
    return undefined
  }
  return find(decisive, true) ?? (understood ? undefined : find(otherwise, false))
}

/** 我系张伟 · 嗯，我张伟 · 我就是张经理: the name with a title or without 是. */
export function saysTheName(text: string, context: IntentContext): boolean {
  const { person } = context
  if (!person || person.oneOf || person.name.length < 2) return false
  const family = person.name[0]!
  return clausesOf(text).some((clause) => new RegExp(`^(?:对|嗯|啊|哎)*我(?:就?是)?(?:${person.name}|${family}${person.title || '\0'})(?:啊|呀|呢)?$`, 'u').test(clause))
}
