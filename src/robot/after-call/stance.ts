// Knows whether words of the callee say yes or no to a question, or neither for sure. Pure. Does not know calls.
import { findDates } from '../dates.ts'
import { matchIntent } from '../intents.ts'
import { isQuestion } from '../question-topics.ts'
import type { Question } from '../requirement.ts'
import { clausesOf, normalise } from '../spoken-forms.ts'

/** 'both': one turn says yes and no. 'hedged': a yes or no with a condition, for another day, about somebody else. 'doubt': takes back something said before. */
export type Stance = 'yes' | 'no' | 'both' | 'hedged' | 'doubt' | 'none'
/** 'hindered': something stands in the way; alone it leaves the answer open, beside a no it is its reason. */
type ClauseStance = Exclude<Stance, 'both'> | 'hindered'

/** What is asked, and what is said about it in other words than yes and no. */
export type Matter = {
  kind: 'yes-no' | 'open'
  dates: Question['dates']
  yes: RegExp
  no: RegExp
  /** A no to anything that is asked with the same verb (不要 to 要不要…). */
  bareNo: RegExp
  /** 有 to 有没有…, 满意 to 满不满意…. */
  bareYes: RegExp
  /** A bare 嗯 could mean either. */
  ambiguous: boolean
}

const hedges = /可能|也许|大概|应该|不一定|不确定|没准|说不定|不好说|难说|未必|看情况|看看|要看|得看|看(?:我|领导|老板|家里|天气|时间|安排)|尽量|争取|试试|再说|再看|再定|到时候|估计|不敢保证|保证不了|考虑|商量|想想|如果|要是|除非|万一|假如|只要|只有|得问|问一下|问问|差不多|勉强|一半|原则上|本来|好像|貌似|似乎|的话|有空(?:就|再)|能来就|随缘|看吧|再议|未定|没谱|够呛|悬|还没(?:定|想好|确定)|没(?:定|想好)|\b(?:maybe|perhaps|probably|depends|not sure|i think|might|if|unless|try)\b/iu
const conditions = /^(?:但是?|不过|可是|只是|就是(?=怕|要|得)|然而|\bbut\b)/iu
const rhetorical = /谁说|怎么(?:会|能)?不|为什么不|干嘛不|能不.{1,4}吗|怎么可能|哪能|哪有|才怪|凭什么|不(?:能|会|是|得)不|怎么会|(?:好|行|可以)什么|\byeah right\b/iu
const takesBack = /不对|说错|记错|搞错|看错|弄错|口误|刚才(?:说|那)|改主意|反悔|收回|算了|还是不|又不|变卦|不行了|不成了|等等|等一下|我忘了|想起来|\b(?:actually|wait|i was wrong|no wait|scratch that)\b/iu
/** What keeps them from it, without saying so. */
const hindrances = /出差|请假|有事|加班|住院|生病|在?外地|在外面|回老家|别等我|走不开|太贵|\b(?:out of town)\b/iu
const knowsNot = /^(?:我)?(?:也|还|真)?(?:不(?:太)?(?:知道|清楚|了解|记得|确定)|没注意|没留意|忘了|记不清|没印象|不好意思)/u
/** Speaks of somebody else: no answer of theirs. */
const others = /(?<!其)[他她](?!说)|老公|老婆|爱人|孩子|儿子|女儿|同事|朋友|别人|我妈|我爸|助理|秘书|\b(?:he|she|my wife|my husband|my colleague)\b/iu

const attendance = /(?<![收听找得遇买拿达感想提看起])(?:来|去|到(?!期|货))|参加|出席|赴|\b(?:come|attend|join|there|make it)\b/iu
const attendanceYes = /(?:能|会|可以|一定|肯定|准时|保证)(?:来|去|到|参加|出席|过来|过去)|(?:来|去|到)得了|^(?:我|当然|必须|肯定|一定|我肯定|我一定)(?:会|要)?(?:来|去|到)$|\b(?:i can|i will|i'll|can) (?:come|attend|be there|make it|join)\b/iu
const attendanceNo = /(?:来|去|到|参加|出席|赶|过)不(?:了|成|上|来|到|去|及)|(?:不|没法|不能|不会|不想|不打算|没办法|没空|没时间)(?:再)?(?:来|去|到|参加|出席|过来|过去)|没(?:空|时间|办法)|改天|改期|换个?时间|取消|\b(?:can't|cannot|won't|not able to|unable to) (?:come|attend|make|be there|join)\b|\b(?:out of town|reschedule|cancel)\b/iu

/** What the question is about, so that a later 我明天来不了 is understood without being asked again. */
export function matterOf(question: Pick<Question, 'text' | 'dates' | 'kind'>): Matter {
  const { text, dates, kind } = question
  const parts = /(?:(能不能|可不可以|是不是|有没有|会不会|要不要|愿不愿意|方不方便|方便不方便|是否|能否|可否|需不需要|行不行)|([\u4e00-\u9fff])不\2)(.*)$/u.exec(text)
  const rest = parts?.[3] ?? text
  const modal = parts?.[2] ?? /^(能|要|愿|需|会|有)/u.exec(parts?.[1] ?? '')?.[1]
  const ambiguous = /还是|[不没未](?:能|会|去|来|想|用|要|打算)/u.test(text.replace(/([\u4e00-\u9fff])不\1|有没有|方便不方便/gu, ''))
  const bareNo = modal === undefined ? never : new RegExp(`[不没](?:用|${modal})`, 'u')
  const bareYes = modal === undefined ? never : new RegExp(`^(?:我|很|挺|非常|都|当然)?${modal}[\\u4e00-\\u9fff]?(?:的|啊|了|呀|呢)?$`, 'u')
  if (attendance.test(rest)) return { kind, dates, yes: attendanceYes, no: attendanceNo, bareNo: never, bareYes, ambiguous }
  const verb = /[\u4e00-\u9fff]{1,2}/u.exec(rest.replace(/^(?:按时|准时|再|一起|已经|继续|愿意|需要|给|把|您)+/u, ''))?.[0]
  if (verb === undefined) return { kind, dates, yes: never, no: never, bareNo, bareYes, ambiguous }
  return {
    kind, dates, bareNo, bareYes, ambiguous,
    yes: new RegExp(`(?:能|会|要|可以|已经|愿意|想|有|需要).{0,2}${verb}`, 'u'),
    no: new RegExp(`(?:不|没|未|别)(?:能|会|想|要|打算|愿意|可能|用|需要|办法|有)?.{0,2}${verb}|${verb}不(?:了|成|起|上|到)|${verb}.{0,2}不[要用]`, 'u'),
  }
}
const never = /(?!)/u
const murmur = /^(?:嗯|呃|额|啊|哦|那个)+$/u

/**
 * What a turn says to the matter. `asked`: it was the answer to the question; else only words that name the matter count, and words that take something back.
 */
export function stanceOf(text: string, matter: Matter, p: { asked: boolean; ofOther?: boolean; now: Date }): Stance {
  const all = clausesOf(text)
  // 嗯，去不了 is a no: a murmur before more words is how people begin to speak.
  const clauses = all.filter((clause, i) => i === all.length - 1 || !murmur.test(clause))
  const found = new Set<ClauseStance>()
  for (const clause of clauses) found.add(ofClause(clause, matter, p))
  const asks = (isQuestion(normalise(text)) && !/[。，]/u.test(text)) || /(?:吗|(?:是|对)吧|对不对|是不是)[?？。]?$/u.test(text)
  if (asks && !found.has('no')) return 'none'
  const says = found.has('yes') || found.has('no')
  if (found.has('yes') && found.has('no')) return 'both'
  if (found.has('doubt')) return says || p.asked ? (says ? 'hedged' : 'doubt') : 'doubt'
  if (found.has('hindered') && !found.has('no')) return 'hedged'
  if (says && (found.has('hedged') || clauses.some((clause) => conditions.test(clause)) || otherMoment(text, matter, p.now))) return 'hedged'
  if (found.has('hedged')) return p.asked || matter.yes.test(text) || matter.no.test(text) ? 'hedged' : 'none'
  return found.has('yes') ? 'yes' : found.has('no') ? 'no' : 'none'
}

function ofClause(clause: string, matter: Matter, { asked, ofOther = false }: { asked: boolean; ofOther?: boolean }): ClauseStance {
  if (rhetorical.test(clause)) return 'hedged'
  const names = matter.no.test(clause) || (!ofOther && matter.bareNo.test(clause)) ? 'no' : matter.yes.test(clause) || (asked && matter.bareYes.test(clause)) ? 'yes' : undefined
  if (names !== undefined && others.test(clause) && !/我(?!妈|爸|老公|老婆|爱人|孩子|儿子|女儿|同事|朋友|助理|秘书)/u.test(clause)) return 'hedged'
  if (isQuestion(clause) && names !== 'no') return 'none'
  if (hedges.test(clause)) return 'hedged'
  if (takesBack.test(clause) && !asked) return 'doubt'
  if (names !== undefined) return names
  if (hindrances.test(clause) && !/没(?:有)?事/u.test(clause)) return 'hindered'
  if (knowsNot.test(clause)) return asked ? 'hedged' : 'none'
  if (takesBack.test(clause)) return 'doubt'
  if (!asked) return 'none'
  // 明天可以: the day was asked about, or otherMoment tells it apart.
  const { intent } = matchIntent(clause.replace(/^(?:今天|明天|后天|大后天|周[一二三四五六日天]|星期[一二三四五六日天]|[上下]午|晚上|早上|都|那|啊|是)+(?=.)/u, ''), { stage: 'ask', asked: matter.kind })
  if (intent === 'affirm') return matter.ambiguous ? 'hedged' : 'yes'
  if (intent === 'deny' || intent === 'refuse') return matter.ambiguous ? 'hedged' : 'no'
  // 我有点忙 leaves open whether it is a no.
  return intent === 'busy' ? 'hedged' : 'none'
}

/** Yes, but on another day or at another hour than was asked. */
function otherMoment(text: string, { dates }: Matter, now: Date): boolean {
  const said = findDates(text, now).filter(({ precision, lookingBack }) => precision !== 'month' && precision !== 'week' && !lookingBack)
  if (said.length === 0) return false
  if (dates.length === 0) return true
  return !said.every((one) => dates.some((date) => {
    const sameDay = !one.dayIsWritten || (one.firstDay <= date.lastDay && one.lastDay >= date.firstDay)
    const sameHour = one.clock === '' || date.clock === '' || overlaps(one.clock, date.clock)
    return sameDay && sameHour
  }))
}

/** Clocks are compared as they are written: 下午 is not 上午, 三点 is not 九点. */
function overlaps(one: string, other: string): boolean {
  const part = (clock: string): string => /[上下中]午|早上|晚上|凌晨|傍晚/u.exec(clock)?.[0].replace('早上', '上午') ?? ''
  const a = part(one)
  const b = part(other)
  if (a !== '' && b !== '' && a !== b) return false
  const hour = (clock: string): string | undefined => /[\d零一二两三四五六七八九十]+(?=[点时:])/u.exec(clock)?.[0]
  const ha = hour(one)
  const hb = hour(other)
  return ha === undefined || hb === undefined || normaliseHour(ha) % 12 === normaliseHour(hb) % 12
}

const hourWords = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二']
function normaliseHour(text: string): number {
  const at = hourWords.indexOf(text.replace('两', '二'))
  return at >= 0 ? at : Number(text)
}
