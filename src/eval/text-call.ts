// Knows how a scenario is held in text, on a clock of its own: robot and callee take turns, words take the time they take. Does not know sound.
import type { SpokenTurn } from '../robot/after-call/judgement.ts'
import type { Robot, RobotAction, RobotEvent, RobotNote } from '../robot/robot.ts'
import { ScenarioScript } from './callee-script.ts'
import type { CalleeLine, RecordLine, RobotLine, RunRecord } from './record.ts'
import type { Scripted } from './scenario.ts'
import type { Variation } from './variation.ts'

/** A quick speaker; letters and digits only. */
const msPerCharacter = 200
const muteMsDefault = 5_000
const talkMsMax = 300_000
/** Between two parts of what the robot says in one go. */
const pauseMs = 200
/** No scenario and no robot needs more steps; a pair that goes round in circles does. */
const stepsMax = 120
/** How often a robot may be waited for in silence before that is what it does. */
const silencesMax = 4

export type TextCallOptions = {
  scenario: Scripted
  /** Is told the time of the call, for what it says about today. */
  robot: (sinceAnswerMs: () => number) => Robot
  variation: Variation
}

export async function runInText({ scenario, robot: make, variation }: TextCallOptions): Promise<RunRecord> {
  const call = new TextCall(scenario, make, variation)
  try {
    return await call.run()
  } finally {
    await call.robot[Symbol.asyncDispose]()
  }
}

type Say = { id: string; text: string; interruptible: boolean; source: string | undefined; beganAtMs?: number; spokenMs: number }

class TextCall {
  readonly robot: Robot
  readonly #scenario: Scripted
  readonly #script: ScenarioScript
  readonly #variation: Variation
  readonly #lines: RecordLine[] = []
  readonly #notes: RobotNote[] = []
  readonly #transcript: SpokenTurn[] = []
  readonly #faults: string[] = []
  #queue: Say[] = []
  #atMs = 0
  #muteMs = muteMsDefault
  #silences = 0
  #source: string | undefined
  /** The robot wants to hang up once its words were heard. */
  #closing = false
  #robotSpoke = false
  #endedBy: RunRecord['endedBy'] | undefined

  constructor(scenario: Scripted, make: TextCallOptions['robot'], variation: Variation) {
    this.#scenario = scenario
    this.#script = new ScenarioScript(scenario)
    this.#variation = variation
    this.robot = make(() => this.#atMs)
  }

  async run(): Promise<RunRecord> {
    try {
      await this.#answer()
      for (let step = 0; this.#endedBy === undefined; step += 1) {
        if (step === stepsMax || this.#atMs > talkMsMax) this.#endedBy = 'limit'
        else await this.#step()
      }
      await this.#tell({ type: 'ended' })
    } catch (error) {
      this.#faults.push(error instanceof Error ? error.message : String(error))
    }
    return {
      lines: this.#lines.toSorted((a, b) => a.beginAtMs - b.beginAtMs),
      notes: this.#notes,
      transcript: this.#transcript,
      outcome: this.#notes.findLast(({ outcome }) => outcome !== undefined)?.outcome,
      endedBy: this.#endedBy ?? 'limit',
      endAtMs: this.#atMs,
      faults: this.#faults,
    }
  }

  async #answer(): Promise<void> {
    const { greeting = '', machine } = this.#scenario.callee
    if (greeting === '') this.#atMs += 1_200
    else this.#speak(greeting, undefined)
    await this.#tell({ type: 'answered', atMs: 0, firstWords: greeting, machines: { told: true, machine, policy: 'hang-up' } })
  }

  /** One turn of the callee, and what it leads to. */
  async #step(): Promise<void> {
    const over = this.#queue.length > 0 && !this.#closing ? this.#script.over() : undefined
    if (over) return await this.#speakOver(over)
    await this.#play()
    if (this.#endedBy !== undefined) return
    if (!this.#robotSpoke && this.#silences < silencesMax) return await this.#letPass()
    const next = this.#script.reply()
    if (next === undefined) return this.#silences < silencesMax ? await this.#letPass() : this.#end('limit')
    this.#robotSpoke = false
    const { turn, index } = next
    if ('hangsUp' in turn) return this.#end(index === undefined ? 'limit' : 'callee')
    if ('silent' in turn) {
      this.#lines.push({ by: 'callee', said: '', beginAtMs: this.#atMs, endAtMs: this.#atMs, turn: index })
      return await this.#letPass()
    }
    this.#silences = 0
    if ('presses' in turn) {
      this.#atMs += 800
      this.#lines.push({ by: 'callee', said: `[${turn.presses}]`, beginAtMs: this.#atMs, endAtMs: this.#atMs, turn: index })
      return await this.#tell({ type: 'digits', digits: turn.presses, ended: 'pressed' })
    }
    if ('murmurs' in turn) return await this.#utter(this.#speak(turn.murmurs, index), turn.murmurs, false)
    this.#atMs += this.#variation.ms(turn.afterMs)
    const said = this.#variation.words(turn.says)
    await this.#utter(this.#speak(said, index), turn.heardAs ?? said, false)
  }

  /** The callee speaks while the robot does. Words that may not interrupt wait for nobody: they are handed over all the same. */
  async #speakOver({ index, says, overMs, murmur }: { index: number; says: string; overMs: number; murmur: boolean }): Promise<void> {
    const turn = this.#scenario.turns[index]!
    await this.#play(this.#variation.ms(overMs))
    const current = this.#queue[0]
    // The robot was shorter than the patience of who wanted to break in.
    if (current === undefined && this.#endedBy !== undefined) return
    this.#silences = 0
    this.#robotSpoke = this.#queue.length > 0
    const said = murmur ? says : this.#variation.words(says)
    const bargeIn = current !== undefined && current.interruptible && !murmur
    const line = this.#speak(said, index, current === undefined)
    if (bargeIn) {
      this.#robotSpoke = false
      await this.#drop()
    }
    await this.#utter(line, ('heardAs' in turn ? turn.heardAs : undefined) ?? said, bargeIn)
  }

  /** `alone`: nobody else speaks, so that the clock goes on; over the robot's words it is they that take the time. */
  #speak(said: string, turn: number | undefined, alone = true): CalleeLine {
    const line: CalleeLine = { by: 'callee', said, beginAtMs: this.#atMs, endAtMs: this.#atMs + spokenMs(said), turn }
    this.#lines.push(line)
    if (alone) this.#atMs = line.endAtMs
    return line
  }

  async #utter({ beginAtMs, endAtMs }: CalleeLine, text: string, bargeIn: boolean): Promise<void> {
    const confidence = this.#variation.confidence()
    this.#transcript.push({ turn: this.#transcript.length + 1, speaker: 'callee', text, cut: false, confidence })
    await this.#tell({ type: 'utterance', text, beginAtMs, endAtMs, confidence, bargeIn, silentMs: 0 })
  }

  /** Nobody speaks for the mute time. */
  async #letPass(): Promise<void> {
    this.#atMs += this.#muteMs
    this.#silences += 1
    await this.#tell({ type: 'silence', count: this.#silences })
  }

  async #tell(event: RobotEvent): Promise<void> {
    for await (const action of this.robot.handle(event, new AbortController().signal)) await this.#act(action)
  }

  async #act(action: RobotAction): Promise<void> {
    switch (action.type) {
      case 'say':
        this.#queue.push({ id: action.id, text: action.parts.map((part) => (part.type === 'text' ? part.text : part.type === 'file' ? (part.words ?? '') : '')).join(''), interruptible: action.interruptible, source: this.#source, spokenMs: 0 })
        return
      case 'stop':
        return await this.#drop()
      case 'hang-up':
        this.#closing = true
        return
      case 'note':
        this.#notes.push(action.note)
        if (action.note.source !== undefined) this.#source = action.note.source
        return
      case 'set-mute-time':
        this.#muteMs = action.muteMs
        return
      case 'transfer':
      case 'parallel-transfer':
        return await this.#tell({ type: 'transfer', state: 'failed', reason: 'nobody else can be called in an evaluation' })
      case 'collect-digits':
      case 'bridge':
        return
    }
  }

  /** Plays what is queued, or only so much of it; then the robot has hung up if that is what it wanted. */
  async #play(msMax = Number.POSITIVE_INFINITY): Promise<void> {
    let leftMs = msMax
    while (this.#queue.length > 0 && leftMs > 0) {
      const say = this.#queue[0]!
      say.beganAtMs ??= this.#atMs
      const ms = Math.min(leftMs, spokenMs(say.text) - say.spokenMs)
      say.spokenMs += ms
      this.#atMs += ms
      leftMs -= ms
      if (say.spokenMs < spokenMs(say.text)) return
      this.#queue.shift()
      await this.#over(say, say.text)
      if (this.#queue.length > 0) this.#atMs += pauseMs
    }
    if (this.#closing && this.#queue.length === 0) this.#end('robot')
  }

  /** What is being said breaks off, what is queued is never heard. */
  async #drop(): Promise<void> {
    const dropped = this.#queue
    this.#queue = []
    for (const say of dropped) await this.#over(say, say.text.slice(0, Math.floor((say.text.length * say.spokenMs) / spokenMs(say.text))))
  }

  async #over(say: Say, heard: string): Promise<void> {
    const cut = heard.length < say.text.length
    if (heard !== '') {
      this.#robotSpoke = true
      const line: RobotLine = { by: 'robot', planned: say.text, heard, cut, beginAtMs: say.beganAtMs ?? this.#atMs, endAtMs: this.#atMs, source: say.source }
      this.#lines.push(line)
      this.#transcript.push({ turn: this.#transcript.length + 1, speaker: 'robot', text: heard, cut, confidence: 1 })
    }
    await this.#tell({ type: 'played', say: say.id, heardText: heard, cut })
  }

  #end(by: RunRecord['endedBy']): void {
    this.#endedBy ??= by
  }
}

function spokenMs(text: string): number {
  return Math.max(1, text.replace(/[^\p{L}\p{N}]/gu, '').length) * msPerCharacter
}
