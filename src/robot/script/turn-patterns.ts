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
  [/木(?=有|问题|事$|得|关系)/gu, '没'],
  // Said for 得了 and 好了, not for a possessive.
  [/^得[嘞咧]/gu, '好的'],
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
/** Whoever is spoken of, and is not the speaker. */
const another = `(?:他|她|本人|我${kin}|${kin}|(?:孩子|娃|宝宝)(?:他|她)?(?:爸|妈)|[\\u4e00-\\u9fff]{1,2}(?:总|经理|主任|老师|老板|局长?|处长?|科长?|院长|校长|医生|师傅))`
const places = '(?:高速|地铁|公交|车|火车|高铁|飞机|机场|医院|工地|外面|外头|路|厕所|卫生间|电梯|课堂|会议室?|单位|公司|店里?|食堂|银行|学校)'
const name = '[\\u4e00-\\u9fff]{1,4}'
const slur = '(?:傻[子瓜逼叉缺]|骗子|神经病?|疯子|混蛋|王八蛋|智障|白痴|流氓|垃圾|废物|畜生|人渣|变态)'
/** What keeps people from coming. */
const hindrance = '(?:出差|加班|上班|值班|考试|上课|开会|带孩子|回老家|搬家|手术|住院|体检|接孩子|照顾.{1,4}|陪.{1,4})'

/** They win over anything weaker that a turn may hold besides. Order: strongest first. */
const decisive: readonly Pattern[] = [
  { intent: 'stop', pattern: /(?:一天|每天|天天|整天|成天|都|已经|总共)?打了?(?:\d+|[一二两三四五六七八九十百好几多]+)(?:八百)?(?:遍|次|回|个电话)(?:了|电话|$)|(?:一天|每天|天天|整天|成天)(?:都|就|就知道|老|净)?打(?:\d|[一二两三四五六七八九十百好几多]|$|电话)/u },
  { intent: 'stop', pattern: /(?:删|删除|删掉|取消|注销|去掉|移除)(?:了|掉)?(?:一下)?我?的?(?:电话|号码|信息|资料|联系方式)|把我(?:的|这个)?(?:电话|号码?|手机号|信息|资料)?(?:给|从.{0,6})?(?:删|拉黑|去掉|移除)|我?把你们?(?:给)?拉黑/u },
  { intent: 'stop', pattern: /(?:别|不要|不许|少|甭)(?:再|来|老|总)*(?:来)?(?:烦|骚扰|打扰|联系)(?:我|人|俺|了)|(?:这|属于|就)(?:是|属于)?骚扰|骚扰(?:电话|我|人)|烦死(?:人|我)?了?$|烦不烦(?:啊|呀|人)?$/u },
  { intent: 'stop', pattern: /(?:侵犯|泄露|泄漏|出卖|倒卖).{0,4}(?:隐私|信息|号码)|(?:给我)?退订|(?:我|去|要|就)(?:tousu|投[诉速素数书]|头诉|透诉|举报)/u },
  { intent: 'stop', pattern: /(?:老|总|一直|一天到晚)(?:是)?(?:给我|往这)?(?:瞎|乱)?打(?!错|游戏|球|牌|车)|一天到晚.{0,2}(?:打|来电)|不想(?:再)?接(?:到)?(?:你|这)|(?:电话|来电)我?不想(?:再)?接/u },
  { intent: 'stop', pattern: /^(?:怎么|咋)(?:又|还|老|总)(?:是你们?|打|来|给我打)/u },
  { intent: 'stop', pattern: /(?:停止|终止|拒绝|禁止|取消|屏蔽|请勿|杜绝)(?:你们?|再|继续|对|给|向|跟|和|我|本人|的|所有|一切|任何|这些?|此类|这种)*(?:打电话|来电|呼叫|拨打|致电|骚扰|推销|电话(?:骚扰|推销|营销))/u },
  { intent: 'wrong-number', pattern: /不认识(?!你|您|路|字)|不是这个(?:电话|手机)?(?:号码?|电话)|(?:号码?|电话|手机)(?:一直|就|现在)?是我(?:自己)?的/u, asked: ['identity'] },
  { intent: 'wrong-number', pattern: new RegExp(`是不是(?:你们?)?(?:打|找|弄|搞|拨|按)错|没有?(?:姓|叫)?${name}这(?:一?个|号|么个)人|找的人不(?:是|在|用)这个?(?:号|电话)|(?:这|那)(?:个)?${own}(?:跟|和|与)(?:他|她|${name})(?:没|无|不)`, 'u') },
  { intent: 'wrong-number', pattern: new RegExp(`(?:这|那)(?:个)?${own}?(?:不是|早就?不是).{1,5}(?:的)?${own}?$|(?:这|那)(?:个)?${own}(?:不是|换人|已经换|早就?换|换了人)|不用这个${own}了|(?:这|是)(?:个)?(?:是)?我?(?:新|刚|才)(?:新|刚|才)?(?:办|换|买|用)的${own}|老(?:是)?打错|(?:你)?找的人不在这个?号|(?:号码?|电话)(?:以前|原来|之前)是(?:别人|人家)|打到(?:别人|人家)`, 'u') },
  { intent: 'third-party', pattern: new RegExp(`^我是(?:他|她|它|[\\u4e00-\\u9fff]{2,4}(?:的|他|她))(?:的)?${kin}$|(?:这是|这个是)(?:我)(?:的)?${kin}(?:的)?${own}`, 'u') },
  { intent: 'third-party', pattern: new RegExp(`(?:他|她|本人|我${kin}|${kin})(?:人|本人|手机|今天|现在|刚|刚刚|这会儿?|带孩子|已经)?(?:出去|上班|下班|出门|出差|睡着|睡觉|洗澡|休息|带孩子|去.{1,6}|落.{1,4}|没带|不在.{0,3})(?:去)?(?:了|呢|$)`, 'u') },
  { intent: 'third-party', pattern: new RegExp(`^${another}(?:人|本人|手机|今天|现在|刚|刚刚|这会儿?|已经|还|正|都)*(?:在(?!吗|不在|不)(?:家)?.{1,6}|去.{1,6}|走|下楼|离开|出门|出去|下班|上班|睡|休息|忙|不在.{0,3}|没(?:带|在|空|起).{0,3})(?:了|呢|着|$)|^我是(?:这(?:儿|里|边)的?)?(?:前台|秘书|助理|保姆|阿姨|护工|保安|门卫|司机|行政|文员|店员|服务员)`, 'u') },
  { intent: 'third-party', pattern: /我(?:跟|和|给|帮|替|回头|回去|一会儿?)*(?:他|她)?(?:说一声|带个?话|转告|转达)|我(?:回头|回去|等会儿?|晚点|一会儿?)?(?:告诉|跟|通知)(?:他|她)(?:说)?$/u },
  { intent: 'human', pattern: /(?:有没有|有|来|给我|派|上)(?:个|一个)?(?:活人|真人|人工)(?:吗|在|没有|啊|$)/u },
  { intent: 'human', pattern: /(?:不|别|懒得)(?:想|愿意|要)?(?:跟|和|与)(?:你们?这?个?)?(?:机器人?|电脑|AI|录音)(?:说|讲|聊|谈|废话)|(?:叫|喊|让|找|换|派)(?:一?个)?(?:人|活人|懂的|你们?的?(?:经理|领导|老板|主管|负责人|店长))(?:来|说|跟我|给我|接|打)/iu },
  { intent: 'robot', pattern: /(?:是|就是)(?:个|真的|假的|不是)*(?:真的人|真人|机器|活人)(?:吗|吧|啊|不|$)|跟(?:个)?机器(?:说|讲|聊)?/u },
  { intent: 'voicemail', pattern: /(?:嘀|滴|哔)(?:的)?一?声(?:之?后)?.{0,4}(?:留言|录音)|(?:开启|使用|启用)了?(?:来电|智能|电话)(?:助理|助手|秘书)|结束(?:后)?请挂机/u },
  { intent: 'voicemail', pattern: /(?:主人|机主).{0,8}(?:不方便|无法|不能|暂时|没空)|(?:说出|告诉我|告知|留下)(?:您|你)?的?(?:来意|来电|留言)|录音(?:完毕|结束|完成)/u },
  { intent: 'abuse', pattern: new RegExp(`^(?:你们?|您)?(?:个|这个|这帮|这群|就是|是|真是|都是|一个|一群|一帮|死|臭|大|真)*${slur}(?:吧|啊|呀|一样|你们?|公司|东西)*$|^(?:这|你|你们|你这)?(?:是|都是)?(?:个|些)?什么(?:破|狗屁|鬼)?(?:玩意|破烂)(?:儿)?$|^(?:他|你|去你)妈|缺德`, 'u') },
  { intent: 'abuse', pattern: /^(?:你们?)?(?:个|这个|是个|就是|死|臭|大)*(?:骗子|诈骗犯?)(?:吧|啊|公司)?$|^诈骗的?吧?$|(?:给)?(?:老子|我)?滚(?:犊子|远点|蛋|开|$)|去死|闭嘴|^(?:你们?)?(?:是不是|怕是)?(?:脑子)?有(?:毛)?病(?:吧|啊|呀)你?$|^(?:煞笔|沙比|傻[逼比叉b])/u },
]

/** They are asked only where nothing else was understood. */
const otherwise: readonly Pattern[] = [
  { intent: 'deny', pattern: /^(?:哦|嗯|啊|呃|并|真|还真|当然|肯定|我)*不是(?:的|他|她)?$|(?:说|找|打)的(?:人)?不是我$/u },
  { intent: 'wrong-number', pattern: /不认识/u, asked: ['identity'] },
  { intent: 'deny', pattern: new RegExp(`^我(?:可|是|的名字)?(?:姓|叫)(?:的是)?${name}$`, 'u'), asked: ['identity'] },
  { intent: 'affirm', pattern: /^(?:我)?(?:就是|正是|是)?(?:我)?本人$|^正是(?:我|在下)?$/u, asked: ['identity'] },
  { intent: 'who', pattern: /^(?:请问)?(?:谁|哪位|哪里|哪边|哪个|哪家)(?:啊|呀)?(?:找|打|来电|给我打)|从(?:哪|哪里|哪儿|什么地方)(?:打|来)/u },
  { intent: 'who', pattern: /(?:你|您|你们|这).{0,4}(?:是|在)?(?:干啥|干嘛|干什么|做什么)的|^(?:请问)?(?:你|您|你们|您们|这)?(?:是|们是|这是)?(?:哪个|哪里|哪一?位|哪儿|哪家)(?:哦|噢|啊|呀|的|的?电话|打来的?)*$|你?叫(?:啥|什么)(?:名字|名)?$/u },
  { intent: 'who', pattern: /(?:怎么|咋|为啥|为什么|从哪|哪儿?|谁).{0,6}(?:有|知道|弄|搞|拿|给|得).{0,4}我的?(?:电话|号码?|手机|联系方式)|(?:找|叫)(?:我|他|她)(?:是)?(?:干嘛|干啥|干什么|有什么事|有啥事|什么事|啥事)|^有?(?:啥|什么)(?:子)?事(?:情|儿)?$/u },
  { intent: 'busy', pattern: new RegExp(`^(?:我|现在|正|这会儿?|刚好|目前|人)*在${places}(?:上|里|里面|中|这边|呢|的路上)*$|^(?:开着?会|会上|课上|车上|路上)(?:呢|了)?$|(?:待会儿?|回头|晚点儿?|过会儿?|等会儿?|一会儿?|改天)(?:再)?(?:打|说|联系|聊|给我)|等我(?:下班|忙完|开完会|到家|有空|回去)`, 'u') },
  { intent: 'busy', pattern: /^(?:我)?(?:现在|这会儿?|目前|今天)(?:可|真|还)?(?:不行|不可以|没法|不能|不太行)(?:说|接|听|讲|聊)?(?:电话)?$/u, asked: ['listen', 'identity'] },
  { intent: 'busy', pattern: /(?:不太|不大|不)方便(?:接|说|听|讲|通)|(?:开|正开|上|在上|正上)着?(?:会|车|课|班)(?:呢|着|现在)|(?:在|正).{0,6}(?:开车|开会|上课|手术|登机|吃饭)|^我?(?:这会儿?|现在|今天|正|这阵|这两天)*(?:忙|没空)(?:着|得很|死|$)|(?:点|后|完|班|课|会|晚|明儿|小时|分钟|天)(?:再|以后|之后|之后再|以后再)(?:打|说|联系)|(?:回头|一会儿?|晚上|中午|下午)(?:再)?打/u },
  { intent: 'refuse', pattern: /^我?们?(?:家)?(?:都)?(?:没有|没)(?:这个|这方面的?)?(?:需要|需求|兴趣)|^我?们?不(?:买|办|贷|做|搞|弄|投|租|卖)(?:[\u4e00-\u9fff]{0,4})$/u },
  { intent: 'refuse', pattern: /(?:别|不用|不要|不必|甭|少)(?:再|跟|给|和|对|我|来)*(?:说|讲|介绍|推销|念|啰嗦|废话)(?:了|这些|这个|那么多)*$|不(?:想|需|感兴趣|考虑|稀罕)?要?(?:这|那)(?:些|个|种)?(?:东西|业务|服务|产品|玩意儿?|活动)|没(?:有)?(?:什么|啥|多大|太大|任何|半点)?兴趣|不(?:太|怎么|是很)?感兴趣/u },
  { intent: 'wait', pattern: /稍(?:等|候)(?:片刻|一下|一会儿?)|^(?:请)?(?:等|候)(?:候)?片刻|^hold(?:一下|住|on)?$|(?:帮|给|替)(?:你|您)?(?:叫|喊|找)(?:一下)?(?:他|她)/u },
  { intent: 'wait', pattern: /^(?:你|您)?(?:先)?(?:等|稍等|候)(?:我)?(?:\d+|[一二两三几半]+)?(?:个)?(?:分钟|秒钟?|会儿?|下)|(?:先)?(?:别|不要)挂(?:断|电话|机)?$|我?(?:先|去|来)*(?:找|拿|换)(?:个|一个|张|支|一?张|一?支)?(?:地方|纸|笔|本子|凳子)|我?(?:先)?把车(?:停|靠)|等我(?:拿|找|记|停|开|出)/u },
  { intent: 'wait', pattern: /(?:我)?(?:去|来|给你|让|叫|喊)(?:叫|喊|找|换)?(?:他|她)(?:来|去|过来)?(?:听|接|讲|说)?$|(?:手机|电话)给(?:他|她)$/u },
  { intent: 'repeat', pattern: /(?:再|重新?|又)(?:说|讲|重复|来|念|报)(?:一)?(?:次|遍|回|下)|^重复(?:一)?(?:次|遍|下)|(?:你|您)?(?:刚|刚才|刚刚|前面)?(?:说|讲)的?(?:是)?(?:什么|啥)|^(?:什么|啥)(?:哦|噢|呀)?$|(?:说|讲)(?:得|的)?太快|^(?:说|讲|你|您)*慢(?:点|一点|些)(?:说|讲)?|信号(?:不|太|有点|很)|一?卡一?卡|(?:声音|你声音)(?:太|有点|好)/u },
  { intent: 'question', pattern: /是.{1,6}还是.{1,6}|(?:多|多少|几)(?:长)?(?:时间|久)|需不需要|要不要|用不用/u, told: true },
  { intent: 'affirm', pattern: /^(?:我|心里|都|这|那|肯定|绝对)*(?:没毛病|没问题|没意见|没异议|有数|清楚|妥|欧|中|得|稳)(?:了|的)?$/u },
  { intent: 'affirm', pattern: /^(?:好|行|对|是|成|妥|嗯|明白|清楚|知道|了解|收到|记住|记下|记下来|记好|晓得)+(?:了|的|啦|嘞)*$/u },
  { intent: 'affirm', pattern: /^我?(?:们)?(?:都|肯定|一定|到时候?|会|可以|能|准时|按时|应该|争取)*(?:去|来|到|参加|出席|到场)(?:的|吧|哈|啊|了)?$/u, asked: ['attend', 'understood'] },
  { intent: 'deny', pattern: new RegExp(`(?:赶|去|来|回|到|走|抽|腾|脱|凑|过|赶)不(?:了|成|开|出|上|到|着|及)|(?:^|我|那天|当天|已经|正好|还|刚好)(?:有|约了|定了|安排了)(?:别的|其他|其它|另外的?|点儿?|些|个)*(?:事|安排|约|活动|会|人|计划|饭局|行程)|(?:得|要|正好|刚好|还要|需要)${hindrance}|(?:人)?(?:在|回|去)(?:了)?(?:外地|老家|国外|外省|乡下)|不(?:凑巧|太?巧|赶巧)|撞(?:上|期)|时间(?:上)?(?:不|冲突|对不上)|没(?:空|时间|法|办法)(?:去|来|参加|到|$)`, 'u'), asked: ['attend'] },
  { intent: 'affirm', pattern: /^(?:那|我|我们|就|都|也|肯定|一定|绝对|必须|当然|到时候?|会|可以|能|要|想|准时|按时|应该|争取|尽量|抽(?:时间|空|个空)|安排(?:一下)?时间|报名|有空|到点|准点|提前|自己|带.{1,3})+(?:去|来|到|过去|过来|参加|出席|到场|安排|准时|在|见|报名|的|来的|去的)(?:的|了|吧)*$|^报名$|算(?:上)?我一个|^到时候?(?:见|去|来|过去)/u, asked: ['attend'] },
  { intent: 'affirm', pattern: /(?:说|讲)(?:来|给我)(?:听听|听)|^(?:你|您|那|就)*(?:说说|讲讲|说说看|讲讲看|聊聊)(?:看)?$/u, asked: ['listen'] },
  { intent: 'affirm', pattern: /^(?:我)?(?:可以|方便|愿意|行|好|能)(?:的|听|听一下|听听|说)*$|(?:你|您)(?:说|讲|请说).{0,3}(?:听着|在听)?$|(?:啥|什么)事(?:呢|啊)?(?:你|您)?(?:说|讲)?$/u, asked: ['listen'] },
  { intent: 'affirm', pattern: /^(?:我|我们|都|还|挺|很|蛮|比较|非常|相当|基本|也|就)*(?:愿意|需要|要|有|满意|可以|行|不错|好|挺好|想)(?:的|了|吧|啊)?$/u, asked: ['yes-no', 'open'] },
  { intent: 'affirm', pattern: /^(?:确实|的确|就|应该|好像|基本|大概|差不多|当然)*(?:是|有|会|能|可以|同意|支持|认可|接受)(?:这样|这么回事|这个|一点|一些|过)?(?:的|了)?$|^(?:当然|确实|的确|那是|差不多)(?:是|有|了)?$/u, asked: ['yes-no'] },
  { intent: 'deny', pattern: /^(?:我|我们|可|从来|并|完全|根本|绝对|一点儿?|压根儿?|真|都|也|还|就)*(?:不|没|没有|不是|无)(?:同意|支持|认可|接受|会|能|可以|行|过|这样|的事|这回事|这么回事|是这样)?(?:的|了)?$/u, asked: ['yes-no'] },
  { intent: 'deny', pattern: /^(?:我|我们|都|还|也|就|可能|恐怕)*(?:不|没|没有)(?:太|怎么|大|是很|是太|想|去|会)*(?:满意|需要|愿意|想|要|用|好|有)?(?:的|了|吧|啊)?$/u, asked: ['yes-no', 'open'] },
  { intent: 'deny', pattern: /(?:赶|去|来|回|到)不(?:了|回来|过来|过去|成|上)|(?:不|没法|没办法|不能)(?:去|来|参加|到)/u, asked: ['attend', 'understood'] },
  { intent: 'thanks', pattern: /^(?:太|真|真是|真的|非常|十分|多|很|好|也|那|那就)*(?:谢|谢谢|感谢|辛苦|麻烦)+(?:你|您|你们|大家|了|啦|啊)*(?:的)?(?:提醒|通知|告知|关心|来电|服务|告诉我)?(?:了)?$/u },
  { intent: 'greeting', pattern: /^(?:嗨|嘿|hi|hello|哈[喽啰罗]|早|早上好|上午好|中午好|下午好|晚上好)+(?:啊|呀)?$/u },
  { intent: 'greeting', pattern: /^(?:诶|哎|欸|喂|嗯|啊)*(?:你|您)好(?:啊|呀)?$/u },
]

const particles = /[啊呢哈嘛哦呀哎噢咯喽哇哟诶欸啦]+$/u
const hesitation = /^(?:嗯|哦|噢|啊|额|呃|哎|诶|那个)+(?=.)/u

export type PatternMatch = { intent: Intent; evidence: string; decisive: boolean }

/** What the build of a turn says. `understood`: whether anything else was made of it. `text` is plain speech. */
export function byPattern(text: string, understood: boolean, context: IntentContext): PatternMatch | undefined {
  // What stands before and behind without a meaning of its own keeps no pattern from its clause.
  const clauses = [...new Set([...clausesOf(text), normalise(text)].flatMap((clause) => [clause, collapseRepeats(clause)]).flatMap((clause) => [clause, clause.replace(particles, ''), clause.replace(hesitation, '').replace(particles, '')]))].filter((clause) => clause !== '')
  const told = context.stage === 'deliver' || context.stage === 'confirm' || context.stage === 'ask'
  const find = (patterns: readonly Pattern[], isDecisive: boolean): PatternMatch | undefined => {
    for (const { intent, pattern, asked, told: onlyTold } of patterns) {
      if ((asked && !asked.includes(context.asked)) || (onlyTold && !told)) continue
      // Who is on the phone is settled once the person has listened to what the call is about.
      if (told && (intent === 'third-party' || intent === 'wrong-number')) continue
      if (intent === 'voicemail' && (context.machinesAreTold || (context.sinceAnswerMs ?? 0) > 8_000)) continue
      for (const clause of clauses) {
        // 我姓张 is no no of 张伟.
        if (intent === 'deny' && /^我.{0,3}[姓叫]/u.test(clause) && context.person && clause.includes(context.person.name[0]!)) continue
        const hit = pattern.exec(clause)
        if (hit && !/(?:(?<!是)不是|没有|没|不会|(?<!是)不)$/u.test(clause.slice(0, hit.index))) return { intent, evidence: hit[0], decisive: isDecisive }
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
