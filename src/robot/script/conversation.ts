// Knows where a conversation by a script stands and what follows from an event. Pure: the clock is handed in. Does not know how turns are understood, audio or calls.
import { slotOf } from '../answers.ts'
import type { IntentContext } from '../intents.ts'
import { takePerson } from '../requirement-person.ts'
import type { RobotAction, RobotEvent } from '../robot.ts'
import { farewell, farewells, handoverTo, reactionOf } from './defaults.ts'
import { type Branch, type Reaction, type Script, type ScriptNode, writtenLine } from './schema.ts'
import { identityAfter } from './script-graph.ts'
import { type ConversationState, freshState, type Plan, Standing } from './standing.ts'
import type { Understood } from './understand.ts'

/** A way that was taken, for reports: a node entered, a branch, an answer of the knowledge, a reaction. */
export type Trace = { node: string; took: string }

/** A jump leads to a jump; checked scripts need far fewer. */
const jumpsMax = 30
const holdMuteMs = 20_000
/** Words that the recogniser itself does not believe. */
const confidenceMin = 0.3
const murmur = /^(?:[嗯哦噢啊诶哎唔喂]|你好|您好|对|好|是|好的|对对|是的|嗯嗯)+$/u
/** They end or turn the call at once, whatever is being said. */
const urgent: ReadonlySet<string> = new Set(['stop', 'voicemail', 'wrong-number', 'third-party'])

/** Nobody's words to keep. */
const answeredEverywhere: ReadonlySet<string> = new Set(['wrong-number', 'third-party', 'human', 'robot', 'who', 'repeat', 'wait', 'abuse'])

export class Conversation {
  readonly #plan: Plan
  readonly #trace: (trace: Trace) => void
  readonly #at: Standing

  constructor(plan: Plan, now: Date, trace: (trace: Trace) => void = () => undefined, state?: ConversationState) {
    this.#plan = plan
    this.#trace = trace
    this.#at = new Standing(plan, now, state ?? freshState(plan.script, now))
  }

  /** Another one that stands where this one stands; nothing of what is done to it is seen here. */
  copy(): Conversation {
    return new Conversation(this.#plan, this.#at.now, undefined, structuredClone(this.#at.state))
  }

  get state(): Readonly<ConversationState> {
    return this.#at.state
  }

  get #script(): Script {
    return this.#plan.script
  }

  get #node(): ScriptNode {
    return this.#script.nodes[this.#at.state.node]!
  }

  /** What a turn that begins now answers. */
  context(beginAtMs: number): IntentContext {
    const { identity, delivered, answeredAtMs, machinesAreTold } = this.#at.state
    const { asks } = this.#node
    const name = this.#plan.spokenName
    return {
      stage: identity !== 'yes' ? 'identity' : asks === 'yes-no' || asks === 'open' ? 'ask' : delivered ? 'confirm' : 'deliver',
      asked: asks, machinesAreTold,
      sinceAnswerMs: answeredAtMs === undefined ? undefined : beginAtMs - answeredAtMs,
      person: name === undefined ? undefined : (takePerson(name)?.person ?? { name, title: '', display: name }),
    }
  }

  /** Own intents from which anything would follow here. */
  wants(intent: string): boolean {
    return this.#node.on?.[intent] !== undefined || this.#script.faq.some(({ on }) => on === intent) || this.#script.global[intent] !== undefined
  }

  /** The words that were asked last, as they are written. */
  get asked(): string {
    return this.#node.say?.[0] ? writtenLine(this.#node.say[0]) : ''
  }

  react(event: RobotEvent, now: Date, understood?: Understood): RobotAction[] {
    this.#at.now = now
    this.#react(event, understood)
    return this.#at.taken()
  }

  /** Actions that were never carried out: words that nobody hears are no longer waited for, what was learnt is told with the next event. */
  takeBack(actions: readonly RobotAction[]): readonly RobotAction[] {
    for (const action of actions) if (action.type === 'say') this.#at.over(action.id)
    return actions.filter(({ type }) => type === 'note' || type === 'hang-up' || type === 'transfer')
  }

  #react(event: RobotEvent, understood: Understood | undefined): void {
    const state = this.#at.state
    switch (event.type) {
      case 'answered':
        return this.#answered(event, understood)
      case 'answered-by':
        state.machinesAreTold = true
        if (event.policy !== 'go-on' && state.identity !== 'yes' && !state.closing) this.#machine(event.policy === 'leave-message')
        return
      case 'utterance':
        if (understood) this.#heard(event, understood)
        return
      case 'silence':
        state.outstanding = []
        if (this.#goesOn()) this.#silent()
        return
      case 'digits':
        if (this.#goesOn()) this.#pressed(event.digits, event.ended)
        return
      case 'played':
        return this.#played(event)
      case 'transfer':
        return this.#transferred(event.state)
      case 'ended':
        if (!state.closing) this.#at.push({ type: 'note', note: this.#at.result(this.#at.reached()) })
        state.closing = true
        return
      case 'partial':
      case 'time-break':
        return
    }
  }

  /** False when the conversation is over, or takes too long and is closed. */
  #goesOn(): boolean {
    const { closing, holding, beganAt, turns } = this.#at.state
    if (closing) {
      this.#at.push({ type: 'hang-up' })
      return false
    }
    if (holding) {
      this.#at.state.holding = false
      this.#at.push({ type: 'set-mute-time', muteMs: this.#script.limits.silenceMs })
    }
    if (this.#at.now.getTime() - beganAt <= this.#script.limits.secondsMax * 1_000 && turns < this.#script.limits.turnsMax) return true
    this.#respond('limit', '')
    return false
  }

  #answered(event: Extract<RobotEvent, { type: 'answered' }>, understood: Understood | undefined): void {
    const state = this.#at.state
    state.answeredAtMs = event.atMs
    state.beganAt = this.#at.now.getTime()
    state.machinesAreTold = event.machines?.told ?? false
    if (event.machines?.machine && event.machines.policy !== 'go-on') return this.#machine(event.machines.policy === 'leave-message')
    state.calleeSpoke = understood !== undefined && understood.intent !== 'none'
    this.#at.push({ type: 'set-mute-time', muteMs: this.#script.limits.silenceMs })
    // A mailbox or a plea to stop needs no opening; anything else is only how one picks up.
    if (understood && (understood.intent === 'voicemail' || understood.intent === 'stop')) {
      this.#at.push({ type: 'note', note: { intent: understood.intent, source: 'script' } })
      return this.#respond(understood.intent, event.firstWords)
    }
    this.#enter(this.#script.start)
  }

  #machine(leavesMessage: boolean): void {
    this.#at.stop()
    this.#at.push({ type: 'note', note: { intent: 'voicemail', source: 'script' } })
    if (!leavesMessage) return this.#respond('voicemail', '')
    this.#at.speak([{ type: 'text', text: `您好，我是${this.#plan.values['org'] ?? '受委托来电'}的AI语音助手，本次通话为人工智能合成语音。有一件事需要跟机主本人说，我们稍后再打。再见。` }], { interruptible: false })
    this.#at.finish('machine')
  }

  #heard(event: Extract<RobotEvent, { type: 'utterance' }>, understood: Understood): void {
    const state = this.#at.state
    const { intent } = understood
    if (intent === 'none') return
    state.calleeSpoke = true
    state.heard = event.text
    if (!this.#goesOn()) return
    this.#at.push({ type: 'note', note: { intent, source: understood.source === 'model' ? 'model' : 'script' } })
    // 嗯 and 喂 go with our words; said a second time they mean something.
    if (state.outstanding.length > 0 && !event.bargeIn && !state.murmured && murmur.test(event.text.replace(/[^\p{L}]/gu, ''))) {
      state.murmured = true
      return
    }
    state.turns += 1
    if (event.bargeIn || urgent.has(intent) || state.outstanding.every(({ interruptible }) => interruptible)) this.#at.stop()
    if (event.confidence < confidenceMin && !urgent.has(intent)) return this.#respond('unknown', event.text)
    this.#follow(understood, event.text)
  }

  /** What follows from a turn: the node's own branch, then what the script knows, then what every script does. */
  #follow(understood: Understood, text: string): void {
    const { intent } = understood
    if (intent === 'stop' || intent === 'voicemail') return this.#respond(intent, text)
    const { on = {} } = this.#node
    const branch = on[intent]
    if (branch) return this.#take(intent, branch, text)
    // Where the callee's words themselves are wanted, any words are an answer, a question too: 能不能带孩子.
    if (this.#node.keep !== undefined && on['*'] && !answeredEverywhere.has(intent)) return this.#take('*', on['*'], text)
    const known = this.#script.faq.findIndex((faq) => faq.on === intent)
    if (known >= 0) return this.#answer(known, text)
    if (reactionOf(this.#script, intent)) return this.#respond(intent, text)
    // Thanks and a goodbye after the matter is told agree with it.
    if (intent === 'thanks' || (intent === 'goodbye' && this.#at.state.delivered)) {
      if (on['affirm']) return this.#take('affirm', on['affirm'], text)
    }
    if (intent === 'goodbye') return this.#respond('refuse', text)
    if (on['*']) return this.#take('*', on['*'], text)
    this.#respond('unknown', text)
  }

  #take(by: string, branch: Branch, text: string): void {
    const state = this.#at.state
    const node = this.#node
    this.#trace({ node: state.node, took: `on.${by}` })
    state.tries['unknown'] = 0
    state.tries['silence'] = 0
    const identity = identityAfter(node, by, branch)
    if (identity !== undefined && identity !== state.identity) this.#at.identify(identity)
    if (node.keep !== undefined && by !== 'silence') this.#at.fillSlots({ [node.keep]: slotOf(text) })
    if (node.asks === 'call-back') this.#at.callBack(text)
    this.#at.fillSlots(branch.set)
    this.#at.tag(branch.tags)
    this.#enter(branch.go)
  }

  #answer(index: number, text: string): void {
    const faq = this.#script.faq[index]!
    this.#trace({ node: this.#at.state.node, took: `faq.${index}` })
    const tells = (faq.say ?? []).some((line) => this.#at.isPrivate(line))
    if (this.#at.state.identity !== 'yes' && (faq.needs === 'identity' || tells)) return this.#respond('before-identity', text)
    this.#carryOut(`faq.${index}`, faq, text)
  }

  #respond(event: string, text: string): void {
    const reaction = this.#reactionTo(event)
    if (!reaction) return
    this.#trace({ node: this.#at.state.node, took: `global.${event}` })
    this.#carryOut(event, reaction, text)
  }

  /** Whoever asks for a human is handed over where there is one, once. */
  #reactionTo(event: string): Reaction | undefined {
    const { handover } = this.#plan
    const may = event === 'human' && handover !== undefined && this.#script.global['human'] === undefined && this.#at.state.transferElse === undefined
    return may ? handoverTo(handover) : reactionOf(this.#script, event)
  }

  #carryOut(name: string, reaction: Reaction, text: string): void {
    const state = this.#at.state
    const tries = (state.tries[name] ?? 0) + 1
    state.tries[name] = tries
    if (reaction.max && tries > reaction.max.times) {
      if (this.#script.nodes[reaction.max.go]) return this.#enter(reaction.max.go)
      this.#at.speak([{ type: 'text', text: farewells[name] ?? farewell }], { interruptible: false })
      return this.#at.finish(reaction.outcome ?? this.#at.reached())
    }
    if (reaction.identity !== undefined && reaction.identity !== state.identity && state.identity !== 'yes') this.#at.identify(reaction.identity)
    this.#at.tag(reaction.tags)
    if (name === 'busy') this.#at.callBack(text)
    this.#at.sayLine(reaction.say, tries, undefined, reaction.go === 'hang-up')
    if (reaction.transfer !== undefined && state.transferElse === undefined) {
      const to = this.#at.number(reaction.transfer)
      if (to !== undefined) {
        state.transferElse = ''
        return this.#at.push({ type: 'transfer', to })
      }
    }
    switch (reaction.go) {
      case 'return':
        return this.#sayNode()
      case 'wait':
        state.holding = true
        return this.#at.push({ type: 'set-mute-time', muteMs: holdMuteMs })
      case 'hang-up':
        return this.#at.finish(reaction.outcome ?? this.#at.reached(), reaction.doNotCall ? text : undefined)
      default:
        return this.#enter(reaction.go)
    }
  }

  #enter(name: string, jumps = 0): void {
    const state = this.#at.state
    const node = this.#script.nodes[name]!
    const visits = (state.visits[name] ?? 0) + 1
    state.visits[name] = visits
    if (node.max && visits > node.max.times && jumps < jumpsMax) {
      this.#trace({ node: name, took: 'max' })
      return this.#enter(node.max.go, jumps + 1)
    }
    this.#trace({ node: name, took: 'enter' })
    state.node = name
    state.keys = ''
    this.#at.push({ type: 'note', note: { step: name } })
    this.#at.tag(node.tags)
    this.#sayNode()
    if (node.end !== undefined) return this.#at.finish(node.end, node.doNotCall ? state.heard : undefined)
    if (node.transfer) {
      state.transferElse = node.transfer.else
      const to = this.#at.number(node.transfer.to)
      return to === undefined ? this.#transferred('failed') : this.#at.push({ type: 'transfer', to })
    }
    if (node.go !== undefined && jumps < jumpsMax) this.#enter(node.go, jumps + 1)
  }

  #silent(): void {
    const branch = this.#node.on?.['silence']
    if (branch) this.#take('silence', branch, '')
    else this.#respond('silence', '')
  }

  #pressed(digits: string, ended: 'key' | 'time-out' | 'max-digits' | 'pressed'): void {
    const state = this.#at.state
    const { keys, collect } = this.#node
    if (digits !== '') state.calleeSpoke = true
    if (collect) {
      const endKey = collect.endKey
      const all = state.keys + digits
      state.keys = (endKey === undefined ? all : all.split(endKey)[0]!).slice(0, collect.digitsMax)
      const done = ended !== 'pressed' || state.keys.length === collect.digitsMax || (endKey !== undefined && all.includes(endKey))
      if (!done) return
      if (state.keys.length < collect.digitsMin) {
        state.keys = ''
        return digits === '' && all === '' ? undefined : this.#respond('unknown', '')
      }
      this.#trace({ node: state.node, took: 'collect' })
      this.#at.stop()
      this.#at.fillSlots({ [collect.slot]: state.keys })
      return this.#enter(collect.go)
    }
    if (digits === '') return
    state.turns += 1
    const key = digits.at(-1)!
    const branch = keys?.[key]
    this.#at.stop()
    if (!branch) return this.#respond('unknown', '')
    this.#trace({ node: state.node, took: `keys.${key}` })
    if (branch.identity !== undefined) this.#at.identify(branch.identity)
    this.#at.fillSlots({ ...branch.set, 按键: key })
    this.#at.tag(branch.tags)
    this.#enter(branch.go)
  }

  #played({ say, heardText, cut }: Extract<RobotEvent, { type: 'played' }>): void {
    const known = this.#at.over(say)
    this.#at.state.murmured = false
    if (known?.delivers && !cut && heardText !== '') this.#at.state.delivered = true
    const { collect } = this.#node
    if (known?.collects && collect && !this.#at.state.closing) this.#at.push({ type: 'collect-digits', digitsMax: collect.digitsMax - this.#at.state.keys.length, endKey: collect.endKey, timeOutMs: collect.timeOutMs })
  }

  #transferred(state: 'answered' | 'joined' | 'failed'): void {
    const elseNode = this.#at.state.transferElse
    if (this.#at.state.closing || elseNode === undefined) return
    if (state === 'joined') {
      this.#at.push({ type: 'note', note: this.#at.result('transferred') })
      this.#at.state.closing = true
    } else if (state === 'failed') {
      this.#trace({ node: this.#at.state.node, took: 'transfer.else' })
      if (elseNode !== '') return this.#enter(elseNode)
      this.#at.speak([{ type: 'text', text: '不好意思，人工现在无法接听，我会请工作人员跟您联系。再见。' }], { interruptible: false })
      this.#at.finish('handover-requested')
    }
  }

  #sayNode(): void {
    const { said, node } = this.#at.state
    said[node] = (said[node] ?? 0) + 1
    this.#at.sayLine(this.#node.say, said[node], this.#node)
  }
}
