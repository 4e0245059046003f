// Knows how Chinese names and forms of address are written at the head of a text. Does not know what is to be said to them.

export type Person = {
  /** 张伟; only the family name when no more is known (张). */
  name: string
  /** 经理; '' when none is written. */
  title: string
  /** How the callee is addressed: 张伟经理, 张总, 小王. */
  display: string
  /** 张三和李四: more than one is named and any of them may answer. `name` and `display` are then 张三或者李四. */
  oneOf?: readonly Person[] | undefined
}

const compoundSurnames = '欧阳|上官|司马|诸葛|司徒|东方|独孤|南宫|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|端木|轩辕|百里|呼延|闻人'
const singleSurnames =
  '王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄项裴席卫查屈鲍霍翁隋植甘景薄单包柏宁柯阮桂闵解强柴华车冉房边辜吉饶瞿戚丘古米池滕晋苑邬臧畅宫来苟邝褚娄窦岑'
/** A regular expression's source for one family name. */
export const surname = `(?:${compoundSurnames}|[${singleSurnames}])`

export const titles = [
  '董事长', '总经理', '副总经理', '总监', '副总', '主任医师', '先生', '女士', '小姐', '太太', '夫人', '老师', '同学', '经理', '主任', '医生', '大夫', '教授', '师傅', '院长', '校长', '园长', '局长', '处长', '科长', '部长', '主管',
  '老板', '老总', '阿姨', '叔叔', '伯伯', '大爷', '大妈', '大姐', '大哥', '奶奶', '爷爷', '家长', '律师', '会长', '书记', '班长', '队长', '店长', '护士', '护士长', '博士', '同志', '会计', '秘书', '助理', '工程师', '教练', '司机', '站长', '组长', '所长', '厂长', '村长', '镇长', '县长', '市长', '总', '工', '姐', '哥', '董', '导', '局', '处',
]
const title = `(?:${[...titles].sort((a, b) => b.length - a.length).join('|')})`

/** Roles that stand before a name (健身房会员赵敏) or instead of one (各位业主). */
const role = '(?:会员|客户|业主|同事|员工|同学|用户|病人|患者|朋友|家长|住户|租户|租客|学员|车主|司机|学生|邻居|房东|房客|旅客|乘客|参会人员|参会者|买家|卖家|嘉宾|成员|组员|老师们|大家|各位|全体|所有人|队友|室友|候选人|应聘者)'
const kin = '(?:我|我的|他|她|咱)?(?:妈妈|爸爸|老婆|老公|爷爷|奶奶|外公|外婆|姥姥|姥爷|儿子|女儿|哥哥|姐姐|弟弟|妹妹|爱人|家人|父亲|母亲|妈|爸|男朋友|女朋友|舅舅|姑姑|姨妈|叔叔|阿姨)'
const pronoun = '(?:他们|她们|他|她|您|你|对方|机主|客户本人|本人|该用户|这位客户|这个人)'

const titled = new RegExp(`^(${surname}[\\u4e00-\\u9fff]{0,2}?)(${title})(?=$|[^\\u4e00-\\u9fff]|(?!裁|共|是|计|数|结|作(?!.*开)|厂|具|资|商|程|业|地|艺|部(?!.*长)|会|局|动|理).)`, 'u')
const familiar = new RegExp(`^((?:老|小|阿|大)(?:${surname})|(?:${surname})(?:老|总))(?=$|[^\\u4e00-\\u9fff]|[在到去来请您他她的把已快说今明后本下上周星礼从要能会是有和与跟及])`, 'u')
const named = new RegExp(`^(${surname})([\\u4e00-\\u9fff]{1,2})`, 'u')
const words = new Intl.Segmenter('zh', { granularity: 'word' })

/** Characters that start the rest of the sentence and hardly ever stand in a given name. */
const starts = /^(?:$|[^\u4e00-\u9fff]|[在到去来请您他她的把已说要已是有被将还就也都给对跟和与从向于吗呢吧让打聊谈约问]|今[天日晚早]|明[天日晚早]|后天|大后天|本[周月]|下[周个月午]|上[周个午]|周[一二三四五六日末天]|星期|礼拜|[早晚]上|中午|凌晨|傍晚|月底|年底|能不能|是否|有没有|会不会|可不可以|什么|几点|快递|包裹|会议|[零一二三四五六七八九十]{1,3}[点月号日])/u

/** Finds who is addressed at the head of the text. `rest` is what follows; `person` undefined when only a role or a pronoun was found. */
export function takePerson(text: string): { person: Person | undefined; rest: string } | undefined {
  const direct = takeNames(text)
  if (direct) return direct
  const kinMatch = new RegExp(`^${kin}(?![\\u4e00-\\u9fff]{0,1}的(?:手机|快递))`, 'u').exec(text)
  if (kinMatch) return { person: undefined, rest: text.slice(kinMatch[0].length) }
  // 三年级二班刘洋同学 · 健身房会员赵敏 · 财务部的张经理: a description, a joint, then the name, all before the first pause.
  const head = /^[^，。；！？,;:：\s]{1,24}/u.exec(text)?.[0] ?? ''
  const joint = new RegExp(`(?:${role}|[部班组室科处店]|公司|学校|的)(?=.)`, 'gu')
  for (const m of head.matchAll(joint)) {
    const found = takeNames(text.slice(m.index + m[0].length))
    if (found) return found
  }
  const roleMatch = new RegExp(`^(?:各位|全体|所有|这位|我们的?|本小区的?|[\\u4e00-\\u9fff]{0,6}?)?${role}(?:们|师傅|朋友|女士|先生)?`, 'u').exec(head)
  if (roleMatch) return { person: undefined, rest: text.slice(roleMatch[0].length) }
  const pronounMatch = new RegExp(`^${pronoun}`, 'u').exec(text)
  // 您预约的体检: the pronoun belongs to what is said.
  if (pronounMatch && !/^[您你].?的|^[您你](?!说)/.test(text)) return { person: undefined, rest: text.slice(pronounMatch[0].length) }
  return undefined
}

const peopleMax = 10
const joints = new Set(['和', '与', '跟', '同', '及', '以及', '还有', '、', '，', ','])
/** 和李四联系, 和王总的会议: somebody to deal with, not somebody who is called. */
const dealtWith = /^(?:的|之间|联系|对接|沟通|见面|会面|碰面|面谈|谈|聊|说|讲|约|签|协商|商量|核对|核实|确认|交接|汇报|请示|请教|一起|一同|一块|[有无]关)/u
/** 跟 and 同 mean "with" far more often than "and": only a day or a pause after the name makes it a list. */
const listGoesOn = /^(?:$|[^\u4e00-\u9fff]|今|明|后天|大后天|本[周月]|下[周个月午]|上[周个午]|这?周|星期|礼拜|[早晚中]|\d)/u

/** One name, or a list of names: 张三、李四和王五. After a comma only what goes on like a list is a name; 张总，李四明天来 is none. */
function takeNames(text: string): { person: Person; rest: string } | undefined {
  const first = takeName(text)
  if (!first) return undefined
  const people = [first.person]
  let { rest } = first
  for (let listed = false; people.length < peopleMax; ) {
    const joint = firstWord(rest) ?? ''
    const next = joints.has(joint) ? takeName(rest.slice(joint.length)) : undefined
    if (!next || dealtWith.test(next.rest) || (/[跟同]/u.test(joint) && !listGoesOn.test(next.rest))) break
    const comma = /[，,]/u.test(joint)
    if (comma && !listed && !joints.has(firstWord(next.rest) ?? '')) break
    listed ||= comma
    people.push(next.person)
    rest = next.rest.replace(/^等(?:人|各位|几位)?(?![候待])/u, '')
  }
  return people.length === 1 ? first : { person: someOf(people, '、', '或者'), rest }
}

/** The people as one who is asked for: 张三、李四或者王五. */
export function someOf(people: readonly Person[], comma: string, or: string): Person {
  const display = listOf(people, comma, or)
  return { name: display, title: '', display, oneOf: people }
}

export function listOf(people: readonly Person[], comma: string, last: string): string {
  const names = people.map(({ display }) => display)
  return [names.slice(0, -1).join(comma), ...names.slice(-1)].join(last)
}

function takeName(text: string): { person: Person; rest: string } | undefined {
  const withTitle = titled.exec(text)
  if (withTitle) {
    const [whole, name, titleWord] = withTitle
    return { person: { name: name!, title: titleWord!, display: whole }, rest: text.slice(whole.length) }
  }
  const familiarMatch = familiar.exec(text)
  if (familiarMatch) {
    const display = familiarMatch[1]!
    return { person: { name: display, title: '', display }, rest: text.slice(display.length) }
  }
  const bare = named.exec(text)
  if (!bare) return undefined
  const longest = bare[0].length
  const shortest = bare[1]!.length + 1
  // 王芳和刘红军, 张三和他爱人: the joint is no part of the name.
  if (/^[和与跟及同]/u.test(text.slice(shortest)) && (/^[他她]/u.test(text.slice(shortest + 1)) || takeName(text.slice(shortest + 1)))) return nameOf(text, shortest)
  // Two given characters when what follows can start a clause, else one, else whatever the dictionary leaves over.
  for (let length = longest; length >= shortest; length -= 1) {
    const given = text.slice(bare[1]!.length, length)
    const next = text.slice(length)
    // A dictionary word (安排, 房租, 高明) is a name only when it is called out.
    if (isWord(text, length) && !/^(?:[，,：:]|您|你)/.test(next)) continue
    if (starts.test(next) && !starts.test(given) && !breaksWord(text, length)) return nameOf(text, length)
  }
  for (let length = shortest; length <= longest; length += 1) if (!starts.test(text.slice(bare[1]!.length, length)) && !breaksWord(text, length) && !breaksWord(text, bare[1]!.length) && !isWord(text, length)) return nameOf(text, length)
  return undefined
}

function nameOf(text: string, length: number): { person: Person; rest: string } {
  const name = text.slice(0, length)
  return { person: { name, title: '', display: name }, rest: text.slice(length) }
}

/** True when the text's dictionary words run across the offset (快|递). */
function breaksWord(text: string, offset: number): boolean {
  for (const { index, segment } of words.segment(text.slice(0, 16))) {
    if (index >= offset) return false
    if (index + segment.length > offset) return index > 0
  }
  return false
}

function firstWord(text: string): string | undefined {
  return words.segment(text.slice(0, 16))[Symbol.iterator]().next().value?.segment
}

/** True when the head is a common word of that length (高级, 安排, 明天), so not a name. */
function isWord(text: string, length: number): boolean {
  return (firstWord(text)?.length ?? 0) >= length && !/^(?:张三|李四|王五|赵六)/u.test(text)
}

/** True when two names can be the same person: equal, or one is the family name or the short form of the other. */
export function isSameName(person: Person, spoken: string): boolean {
  if (spoken === '') return false
  return spoken === person.name || spoken === person.display || person.display.startsWith(spoken) || (person.name.length > 1 && spoken.startsWith(person.name)) || (person.name.length === 1 && spoken.startsWith(person.name))
}
