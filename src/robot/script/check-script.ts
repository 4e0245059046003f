// Knows what makes a script unfit to be spoken: parts that do not fit together, and words that must not be said. Pure. Does not know files.
import { normalise } from '../spoken-forms.ts'
import { admitsMachine, forbiddenIn, namesTheVoice } from './check-words.ts'
import { reactionOf } from './defaults.ts'
import { allEdges, edgesFrom, endlessRound, listens, nodesThatEnd, placesReached, reactionWays } from './script-graph.ts'
import { linearPattern } from './linear-pattern.ts'
import { globalEvents, isPrivate, type Reaction, type Script, type ScriptLine, type ScriptNode, universalIntents, variablesIn, writtenLine } from './schema.ts'

/** `path`: where in the file. `code` is stable. */
export type Problem = { path: readonly PropertyKey[]; code: ProblemCode; message: string }
export type ProblemCode =
  | 'form' | 'no-start' | 'no-target' | 'unreachable' | 'endless' | 'never-ends' | 'no-way-on' | 'two-ways-on' | 'early-fact' | 'no-variable' | 'bad-variable' | 'no-organisation' | 'no-label' | 'label-cut'
  | 'no-intent' | 'intent-empty' | 'intent-taken' | 'intent-twice' | 'bad-pattern' | 'not-here' | 'stop-broken' | 'dishonest' | 'forbidden' | 'line-long' | 'bad-key' | 'bad-transfer' | 'bad-recording' | 'identity-open' | 'no-condition' | 'collection' | 'hours' | 'canvas'

/** Longer lines are talked over. About twenty seconds; the opening, with its label, is the longest. */
const lineCharsMax = 100
/** Who asks these gets the same answer wherever the conversation is. */
const everywhere = ['stop', 'voicemail', 'robot'] as const
/** What understanding says of words that mean nothing, and of no words. */
const noIntents: readonly string[] = ['other', 'none']

/** Every problem of a script, in the order of the file's parts; an empty list is fit to be spoken. */
export function checkScript(script: Script): Problem[] {
  const targets = [...checkTargets(script), ...checkWaysOn(script)]
  return [
    ...checkVariables(script),
    ...targets,
    // With targets missing every node behind them would be called unreachable as well.
    ...(targets.length > 0 ? [] : checkGraph(script)),
    ...checkIntents(script),
    ...checkOpening(script),
    ...checkReactions(script),
    ...checkLines(script),
    ...checkConditions(script),
    ...(script.purpose === 'collection' ? checkCollection(script) : checkHours(script)),
  ]
}

type Spoken = { line: ScriptLine; path: readonly PropertyKey[] }

function linesOf(script: Script): Spoken[] {
  const of = (lines: readonly ScriptLine[] | undefined, path: readonly PropertyKey[]): Spoken[] => (lines ?? []).map((line, i) => ({ line, path: lines!.length === 1 ? [...path, 'say'] : [...path, 'say', i] }))
  return [
    ...Object.entries(script.nodes).flatMap(([name, node]) => of(node.say, ['nodes', name])),
    ...script.faq.flatMap((faq, i) => of(faq.say, ['faq', i])),
    ...Object.entries(script.global).flatMap(([name, reaction]) => of(reaction.say, ['global', name])),
  ]
}

function checkVariables(script: Script): Problem[] {
  const problems: Problem[] = []
  if (script.vars['org'] === undefined) problems.push({ path: ['vars'], code: 'no-organisation', message: '必须声明变量 org（是谁在打电话） must declare the variable org: who is calling' })
  for (const name of Object.keys(script.vars)) if (!/^[\p{L}_][\p{L}\p{N}_]{0,39}$/u.test(name)) problems.push({ path: ['vars', name], code: 'bad-variable', message: `变量名“${name}”只能用字母、数字和下划线 a variable's name has letters, digits and _` })
  const texts = [
    ...linesOf(script).map(({ line, path }) => ({ text: writtenLine(line), path })),
    ...Object.entries(script.nodes).flatMap(([name, { transfer }]) => (transfer ? [{ text: transfer.to, path: ['nodes', name, 'transfer', 'to'] }] : [])),
  ]
  for (const { text, path } of texts) {
    if (/\$(?!\{)|\$\{[^}]*$|(?<!\$)\{/u.test(text)) problems.push({ path, code: 'bad-variable', message: `变量写作 \${名字} a variable is written \${name}: “${text.slice(0, 60)}”` })
    for (const name of variablesIn(text)) if (!Object.hasOwn(script.vars, name)) problems.push({ path, code: 'no-variable', message: `变量 \${${name}} 没有在 vars 里声明 the variable ${name} is not declared in vars` })
  }
  return problems
}

function checkTargets(script: Script): Problem[] {
  const problems: Problem[] = []
  const names = Object.keys(script.nodes)
  const missing = (to: string, path: readonly PropertyKey[], ways = ''): void => {
    problems.push({ path, code: 'no-target', message: `没有节点“${to}” there is no node ${to}${ways}${nearest(to, names)}` })
  }
  if (script.nodes[script.start] === undefined) problems.push({ path: ['start'], code: 'no-start', message: `没有节点“${script.start}” there is no node ${script.start} to start with${nearest(script.start, names)}` })
  for (const [name, node] of Object.entries(script.nodes)) for (const { to, path } of edgesFrom(name, node)) if (script.nodes[to] === undefined) missing(to, path)
  const reaction = (one: Reaction, path: readonly PropertyKey[]): void => {
    for (const [to, at] of [[one.go, [...path, 'go']], [one.max?.go, [...path, 'max', 'go']]] as const) {
      if (to !== undefined && !reactionWays.has(to) && script.nodes[to] === undefined) missing(to, at, ' (or return, wait, hang-up)')
    }
  }
  for (const [i, faq] of script.faq.entries()) reaction(faq, ['faq', i])
  for (const [event, one] of Object.entries(script.global)) reaction(one, ['global', event])
  for (const name of Object.keys(script.canvas ?? {})) if (script.nodes[name] === undefined) problems.push({ path: ['canvas', name], code: 'canvas', message: `没有节点“${name}” there is no node ${name}` })
  return problems
}

function checkWaysOn(script: Script): Problem[] {
  return Object.entries(script.nodes).flatMap(([name, node]) => {
    const path = ['nodes', name]
    const problems: Problem[] = []
    const ways = [listens(node) && 'on/keys/collect', node.go !== undefined && 'go', node.end !== undefined && 'end', node.transfer !== undefined && 'transfer'].filter((way) => way !== false)
    if (ways.length === 0) problems.push({ path, code: 'no-way-on', message: '节点没有下一步 the node leads nowhere: give it on, keys, collect, go, end or transfer' })
    if (ways.length > 1) problems.push({ path, code: 'two-ways-on', message: `节点同时有 ${ways.join('、')}，只能有一种 only one way on is possible` })
    if (node.on && Object.keys(node.on).length === 0) problems.push({ path: [...path, 'on'], code: 'no-way-on', message: '没有任何分支 has no branch' })
    if ((listens(node) || node.end !== undefined) && node.say === undefined) problems.push({ path, code: 'no-way-on', message: '节点没有 say，对方什么也听不到 the callee would hear nothing: the node needs say' })
    if (node.doNotCall && node.end === undefined) problems.push({ path: [...path, 'doNotCall'], code: 'two-ways-on', message: '只有结束节点能登记免打扰 only a node that ends registers that' })
    for (const key of Object.keys(node.keys ?? {})) if (!/^[0-9*#]$/.test(key)) problems.push({ path: [...path, 'keys', key], code: 'bad-key', message: `“${key}”不是按键 is no key: 0-9, * or #` })
    if (node.collect && node.collect.digitsMin > node.collect.digitsMax) problems.push({ path: [...path, 'collect', 'digitsMin'], code: 'bad-key', message: 'digitsMin 大于 digitsMax is more than digitsMax' })
    if (node.asks === 'identity') for (const answer of ['affirm', 'deny']) if (node.on?.[answer] === undefined) problems.push({ path, code: 'identity-open', message: `问是不是本人，却没有 ${answer} 分支 asks who is there and has no branch for ${answer}` })
    return problems
  })
}

function checkGraph(script: Script): Problem[] {
  const problems: Problem[] = []
  const places = placesReached(script)
  const reached = new Set([...places.values()].map(({ node }) => node))
  for (const name of Object.keys(script.nodes)) if (!reached.has(name)) problems.push({ path: ['nodes', name], code: 'unreachable', message: '没有任何分支走到这个节点 no branch leads to this node' })
  const round = endlessRound(script)
  if (round) problems.push({ path: ['nodes', round[0]!], code: 'endless', message: `循环没有计数 the round ${round.join(' → ')} has no counter: give one of its nodes max: {times, go}` })
  const ending = nodesThatEnd(script)
  for (const name of reached) if (!ending.has(name)) problems.push({ path: ['nodes', name], code: 'never-ends', message: '从这里永远走不到结束节点 no end can be reached from here' })
  for (const { node: name, confirmed, way } of places.values()) {
    if (confirmed) continue
    const node = script.nodes[name]!
    const why = factsIn(script, node)
    if (why !== undefined) problems.push({ path: ['nodes', name], code: 'early-fact', message: `确认本人之前会说出内容 is reached before the person has confirmed, and ${why}: ${way.join(' ')}` })
  }
  return problems
}

/** Why a node may only be reached once the person has confirmed. */
function factsIn(script: Script, node: ScriptNode): string | undefined {
  const told = privateIn(script, node.say)
  if (told !== undefined) return `says \${${told}}`
  return node.needs === 'identity' ? 'needs identity' : node.delivers ? 'delivers' : undefined
}

function privateIn(script: Script, lines: readonly ScriptLine[] | undefined): string | undefined {
  return (lines ?? []).flatMap((line) => variablesIn(writtenLine(line))).find((name) => isPrivate(script, name))
}

function checkIntents(script: Script): Problem[] {
  const problems: Problem[] = []
  const own = Object.keys(script.intents)
  const known = new Set<string>([...universalIntents, ...own])
  const owner = new Map<string, string>()
  for (const [name, { examples, keywords, patterns }] of Object.entries(script.intents)) {
    const path = ['intents', name]
    if (!/^\p{L}[\p{L}\p{N}_-]{0,39}$/u.test(name)) problems.push({ path, code: 'no-intent', message: '意图名只能用字母、数字、_ 和 - an intent\'s name has letters, digits, _ and -' })
    if ((universalIntents as readonly string[]).includes(name) || noIntents.includes(name) || (globalEvents as readonly string[]).includes(name)) problems.push({ path, code: 'intent-taken', message: `“${name}”是通用意图，请换个名字 is known to every script already: choose another name` })
    if (examples.length + keywords.length + patterns.length === 0) problems.push({ path, code: 'intent-empty', message: '意图没有例句、关键词或正则 has neither examples nor keywords nor patterns' })
    for (const [i, source] of patterns.entries()) {
      const fault = patternFault(source)
      if (fault !== undefined) problems.push({ path: [...path, 'patterns', i], code: 'bad-pattern', message: `不是正则表达式 is no regular expression: ${fault}` })
    }
    for (const [kind, texts] of [['examples', examples], ['keywords', keywords]] as const) {
      for (const [i, text] of texts.entries()) {
        const plain = normalise(text)
        const other = owner.get(plain)
        if (other !== undefined && other !== name) problems.push({ path: [...path, kind, i], code: 'intent-twice', message: `“${text}”已经属于意图 ${other} belongs to the intent ${other} already` })
        owner.set(plain, name)
      }
    }
  }
  const uses = [
    ...Object.entries(script.nodes).flatMap(([name, { on = {} }]) => Object.keys(on).map((intent) => ({ intent, path: ['nodes', name, 'on', intent], also: ['*', 'silence'] as readonly string[] }))),
    ...script.faq.map(({ on }, i) => ({ intent: on, path: ['faq', i, 'on'], also: [] as readonly string[] })),
    ...Object.keys(script.global).map((intent) => ({ intent, path: ['global', intent], also: globalEvents as readonly string[] })),
  ]
  for (const { intent, path, also } of uses) {
    if (known.has(intent) || also.includes(intent)) continue
    problems.push({ path, code: 'no-intent', message: `没有意图“${intent}” there is no intent ${intent}${nearest(intent, [...known])}` })
  }
  for (const [name, node] of Object.entries(script.nodes)) {
    for (const intent of everywhere) if (node.on?.[intent] !== undefined) problems.push({ path: ['nodes', name, 'on', intent], code: 'not-here', message: `${intent} 在任何节点都由 global.${intent} 处理 is answered the same everywhere, by global.${intent}` })
  }
  return problems
}

function patternFault(source: string): string | undefined {
  try {
    linearPattern(source)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function checkOpening(script: Script): Problem[] {
  const node = script.nodes[script.start]
  if (!node) return []
  const path = ['nodes', script.start]
  const problems: Problem[] = []
  for (const [i, line] of (node.say ?? []).entries()) {
    const at = node.say!.length === 1 ? [...path, 'say'] : [...path, 'say', i]
    const words = writtenLine(line)
    if (!namesTheVoice(words)) problems.push({ path: at, code: 'no-label', message: '开场没有说明是 AI 合成语音（GB 45438） the opening does not say that the voice is AI-generated: it needs AI or 人工智能, and 合成 or 生成' })
    if (!variablesIn(words).includes('org')) problems.push({ path: at, code: 'no-organisation', message: '开场没有说是谁打来的（${org}） the opening does not name ${org}' })
    if (line.interruptible ?? node.interruptible ?? script.interruption.interruptible) problems.push({ path: at, code: 'label-cut', message: '开场可以被打断，合成语音的说明就可能听不到 the opening can be interrupted, and with it the words that name the voice: set interruptible: false' })
  }
  if (node.say === undefined) problems.push({ path, code: 'no-label', message: '开场什么都没说 the opening says nothing' })
  return problems
}

function checkReactions(script: Script): Problem[] {
  const problems: Problem[] = []
  const stop = script.global['stop']
  if (stop && (!stop.doNotCall || stop.go !== 'hang-up' || stop.transfer !== undefined)) problems.push({ path: ['global', 'stop'], code: 'stop-broken', message: '要求不再来电时必须登记并挂机：doNotCall: true, go: hang-up a wish not to be called is registered and ends the call' })
  const voicemail = script.global['voicemail']
  if (voicemail && voicemail.go !== 'hang-up') problems.push({ path: ['global', 'voicemail', 'go'], code: 'stop-broken', message: '语音信箱只能挂机 a machine is only hung up on: go: hang-up' })
  const robot = reactionOf(script, 'robot')
  const answers = [...(script.global['robot']?.say ?? []).map((line, i) => ({ line, path: ['global', 'robot', 'say', i] })), ...script.faq.flatMap((faq, n) => (faq.on === 'robot' ? (faq.say ?? []).map((line, i) => ({ line, path: ['faq', n, 'say', i] })) : []))]
  for (const { line, path } of answers) if (!admitsMachine(writtenLine(line))) problems.push({ path, code: 'dishonest', message: '问是不是机器人必须如实回答 who asks whether it is a robot must be told' })
  if (robot?.say === undefined) problems.push({ path: ['global', 'robot'], code: 'dishonest', message: '问是不是机器人必须如实回答 who asks whether it is a robot must be told' })
  for (const [event, reaction] of Object.entries(script.global)) {
    const told = privateIn(script, reaction.say)
    if (told !== undefined) problems.push({ path: ['global', event, 'say'], code: 'early-fact', message: `可能说给别人听：\${${told}} may be heard by somebody else and says \${${told}}` })
    if (reaction.transfer !== undefined) problems.push(...checkTransfer(script, reaction.transfer, ['global', event, 'transfer']))
  }
  for (const [name, { transfer }] of Object.entries(script.nodes)) if (transfer) problems.push(...checkTransfer(script, transfer.to, ['nodes', name, 'transfer', 'to']))
  return problems
}

function checkTransfer(script: Script, to: string, path: readonly PropertyKey[]): Problem[] {
  const variable = /^\$\{([^{}]+)\}$/u.exec(to)?.[1]
  if (variable === undefined ? /^\+[1-9]\d{6,14}$/.test(to) : script.vars[variable]?.say === 'phone' || script.vars[variable] === undefined) return []
  return [{ path, code: 'bad-transfer', message: `转接目标“${to}”应为 E.164 号码或 phone 变量 a transfer goes to an E.164 number or a variable of kind phone` }]
}

function checkLines(script: Script): Problem[] {
  return linesOf(script).flatMap(({ line, path }) => {
    const text = writtenLine(line)
    const problems: Problem[] = forbiddenIn(text, script.purpose).map((what) => ({ path, code: 'forbidden', message: `${what}: “${text}”` }))
    const length = Array.from(text.replaceAll(/\$\{[^}]*\}/gu, '变量')).length
    if (length > lineCharsMax) problems.push({ path, code: 'line-long', message: `${length} 字，超过 ${lineCharsMax} 字，请拆成几个节点 has ${length} characters, more than ${lineCharsMax}: split it` })
    for (const [i, { text: spoken, file, words }] of line.parts.entries()) {
      if (file === undefined ? words !== undefined || spoken === undefined : spoken !== undefined || words === undefined) problems.push({ path: [...path, 'parts', i], code: 'bad-recording', message: '录音要写明 words（录音里说了什么），合成的部分只写文字 a recording needs words: what is heard in it; other parts are text alone' })
      if (words !== undefined && variablesIn(words).length > 0) problems.push({ path: [...path, 'parts', i], code: 'bad-recording', message: '录音里不会有变量 a recording holds no variables' })
    }
    return problems
  })
}

function checkConditions(script: Script): Problem[] {
  const tags = new Set([...Object.values(script.nodes).flatMap((node) => [...node.tags, ...[...Object.values(node.on ?? {}), ...Object.values(node.keys ?? {})].flatMap((branch) => branch.tags)]), ...script.faq.flatMap((faq) => faq.tags), ...Object.values(script.global).flatMap((one) => one.tags)])
  const slots = new Set(Object.values(script.nodes).flatMap((node) => [node.keep, node.collect?.slot, ...[...Object.values(node.on ?? {}), ...Object.values(node.keys ?? {})].flatMap(({ set }) => Object.keys(set))]))
  const problems: Problem[] = []
  for (const [i, { when }] of script.labels.entries()) {
    for (const tag of when.tags ?? []) if (!tags.has(tag)) problems.push({ path: ['labels', i, 'when', 'tags'], code: 'no-condition', message: `没有节点给出标签“${tag}” no node gives the tag ${tag}` })
    for (const slot of Object.keys(when.slots ?? {})) if (!slots.has(slot)) problems.push({ path: ['labels', i, 'when', 'slots', slot], code: 'no-condition', message: `没有节点填写“${slot}” no node fills the slot ${slot}` })
  }
  return problems
}

/** Nobody is called at night, whatever a script says. */
function checkHours({ calling }: Script): Problem[] {
  if (!calling || (calling.from >= '08:00' && calling.until <= '22:00' && calling.from < calling.until)) return []
  return [{ path: ['calling'], code: 'hours', message: '拨打时段应在 08:00–22:00 之内，from 早于 until calls are made between 08:00 and 22:00, from before until' }]
}

/** GB/T 45251—2025: the debtor only, by day, at most three conversations a day. */
function checkCollection(script: Script): Problem[] {
  const problems: Problem[] = []
  const { calling } = script
  if (!calling || calling.from < '08:00' || calling.until > '22:00' || calling.until <= calling.from) problems.push({ path: calling ? ['calling'] : [], code: 'collection', message: '催收只能在 08:00–22:00：写明 calling.from 和 calling.until a debt is reminded of between 08:00 and 22:00 only: say calling.from and calling.until' })
  if (calling && calling.perDayMax > 3) problems.push({ path: ['calling', 'perDayMax'], code: 'collection', message: '每人每天最多 3 次 at most three conversations a day' })
  if (!Object.values(script.nodes).some(({ asks }) => asks === 'identity')) problems.push({ path: ['nodes'], code: 'collection', message: '必须先确认是本人（asks: identity） the person must be asked for first: asks: identity' })
  return problems
}

/** A name that was probably meant. */
function nearest(name: string, names: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '')
  const found = names.find((one) => plain(one) === plain(name)) ?? names.find((one) => plain(one).startsWith(plain(name).slice(0, 3)) && Math.abs(one.length - name.length) <= 3)
  return found === undefined ? '' : `，是不是 is it ${found}?`
}

export function nodeCount(script: Script): { nodes: number; branches: number } {
  return { nodes: Object.keys(script.nodes).length, branches: allEdges(script).filter(({ path }) => path[0] === 'nodes').length }
}
