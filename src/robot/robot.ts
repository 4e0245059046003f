// The robot port: events in, actions out. Knows text and time. Never sees audio, SIP, accounts or the database.
import type { VoiceWish } from './voice-wish.ts'

/** Why the conversation ended the way it did, in business terms. `unconfirmed`: nobody ever said that they are the person. */
export type ConversationOutcome =
  | 'confirmed'
  | 'declined'
  | 'delivered'
  | 'refused'
  | 'stopped'
  | 'wrong-number'
  | 'third-party'
  | 'busy-call-back'
  | 'handover-requested'
  /** A human took over. */
  | 'transferred'
  | 'machine'
  | 'silent'
  | 'unconfirmed'

/** Who picked up. `announcement`: the network spoke although the call counts as answered. */
export type Answerer = 'person' | 'assistant' | 'voicemail' | 'ivr' | 'announcement' | 'fax'
export const machinePolicies = ['hang-up', 'leave-message', 'go-on'] as const
/** What is done when a machine picked up. `leave-message`: who called and how to go on, never what about. */
export type MachinePolicy = (typeof machinePolicies)[number]

export type SayPart =
  /** Display text ("9点"); the synthesiser turns it into spoken form. */
  | { type: 'text'; text: string }
  /** A recorded file known to the account. `words`: what is heard in it, where that is known. */
  | { type: 'file'; code: string; words?: string | undefined }
  | { type: 'url'; url: string }
export type RecordedPart = Exclude<SayPart, { type: 'text' }>

export type RobotEvent =
  /**
   * The callee picked up and said their first words, or stayed quiet for a moment (RobotEvent order: always first).
   * `firstWords` is what they said before the opening: '' or "喂", a name, or a whole voicemail greeting.
   */
  | {
      type: 'answered'
      atMs: number
      firstWords: string
      /** Somebody listens for machines and will tell by `answered-by`: words alone make none. `machine`: it was told before the opening. */
      machines?: { told: true; machine?: Exclude<Answerer, 'person'> | undefined; policy: MachinePolicy } | undefined
    }
  /** A machine, not a person. What follows is decided by rule: no fact of the requirement is told to it. */
  | { type: 'answered-by'; who: Exclude<Answerer, 'person'>; policy: MachinePolicy }
  /** Unsettled words of the callee from the beginning of their turn, while they speak; the last ones only, and the whole turn follows. Told to robots that ask for it. */
  | { type: 'partial'; text: string; written?: string | undefined; beginAtMs: number; endAtMs: number }
  /** One finished turn of the callee. */
  | {
      type: 'utterance'
      /** As recognised. */
      text: string
      /** As a person would write it, numbers in digits; absent when that is not wanted or no different. */
      written?: string | undefined
      beginAtMs: number
      endAtMs: number
      /** 0..1; below 0.3 the words should not be trusted. */
      confidence: number
      /** True when it stopped the robot in mid-sentence. */
      bargeIn: boolean
      /** How long the callee had been silent when these words were handed over: what is left of their patience is shorter by it. */
      silentMs?: number | undefined
      /** The recogniser failed: '' does not say that there were no words. */
      isLost?: boolean | undefined
    }
  /** Nobody spoke for the mute time since the last word of either side. `count` counts from 1 since the callee last spoke. */
  | { type: 'silence'; count: number }
  /** A voice over a say lasted for its `timeBreakMs`, which stopped it; `text` is what is known of the words so far. The whole turn follows as `utterance`. */
  | { type: 'time-break'; text: string }
  /** Keys pressed, either collected or by themselves. */
  | { type: 'digits'; digits: string; ended: 'key' | 'time-out' | 'max-digits' | 'pressed' }
  /** A say is over: `heardText` is what reached the callee's ear of it, '' when nothing did. */
  | { type: 'played'; say: string; heardText: string; cut: boolean }
  /** `answered`: the human is on the line and listens while the robot talks on. `joined`: callee and human talk, nothing more is asked. `failed`: the robot has the callee (again); `reason` is a TransferFailure, or says why it was not tried. */
  | { type: 'transfer'; state: 'answered' | 'joined' | 'failed'; reason?: string | undefined }
  /** Nothing more will be asked of the robot. */
  | { type: 'ended' }

export type RobotAction =
  /**
   * Speak after what is already queued. `id` comes back in `played`. `protectedMs`: for so long from its first sound only a stop word
   * stops it. `timeBreakMs`: words do not stop it, but a voice that goes on for so long does, and `time-break` tells; 0: nothing does.
   * `firstTokenMs`: how long the model took to begin these words, for the record.
   */
  | { type: 'say'; id: string; parts: readonly SayPart[]; interruptible: boolean; timeBreakMs?: number | undefined; protectedMs?: number | undefined; firstTokenMs?: number | undefined }
  /** Drop what is playing and queued. */
  | { type: 'stop' }
  /** Presses keys towards the callee: 0-9 * #. */
  | { type: 'send-digits'; digits: string }
  | { type: 'collect-digits'; digitsMax: number; endKey?: string | undefined; timeOutMs: number }
  /**
   * The callee waits while a human is called, E.164; the robot is asked nothing until that failed. Says before it are heard to their end.
   * `party`: no colleague but whom this call is for, so that the rules on calling people hold for them, and the number they are to see.
   */
  | { type: 'transfer'; to: string; party?: { callerId: string | undefined } | undefined }
  /** The robot talks on while a human is called, who hears `briefing` first and then listens; they are joined when a clause of the robot ends, or not before `bridge`. */
  | { type: 'parallel-transfer'; to: string; join?: 'by-itself' | 'when-asked' | undefined; briefing?: readonly RecordedPart[] | undefined }
  | { type: 'bridge' }
  | { type: 'set-mute-time'; muteMs: number }
  /** Hang up after everything queued was heard. */
  | { type: 'hang-up' }
  | { type: 'note'; note: RobotNote }

/** What the robot learnt. Notes are recorded in order; the last `outcome` wins. */
export type RobotNote = {
  outcome?: ConversationOutcome | undefined
  /** The callee asked not to be called again: words that prove it. */
  doNotCall?: { evidence: string } | undefined
  /** The number does not belong to the person asked for. */
  wrongNumber?: boolean | undefined
  /** 'yes' only after the callee said so. */
  identity?: 'yes' | 'no' | 'third-party' | undefined
  callBackAt?: string | undefined
  slots?: Readonly<Record<string, string>> | undefined
  summary?: string | undefined
  /** Intent found in the callee's last utterance, for the timeline. */
  intent?: string | undefined
  /** Where a script (话术) now stands: the name of its node. */
  step?: string | undefined
  /** Marks a script puts on the conversation; each note adds to them. */
  tags?: readonly string[] | undefined
  /** Where the words came from, for the timeline: 'rules', 'model', 'fallback'. */
  source?: string | undefined
  /** What somebody else's server or file did wrong, for whoever looks for the mistake in it. */
  problem?: string | undefined
}

/**
 * Holds one conversation. One event is handled at a time, in order.
 *
 * The actions of an event come as a stream so that a model's first sentence can be spoken before the last is known.
 * When the callee speaks again the caller aborts `signal`; the robot then stops yielding soon and must not throw.
 * A robot that fails or is late still yields speech or a hang-up within its own named limit.
 */
export interface Robot extends AsyncDisposable {
  readonly kind: string
  /** How it wants to sound; absent: as the installation has it. */
  readonly voice?: VoiceWish | undefined
  /** A recorded file, by name, that goes on softly under the conversation. */
  readonly background?: string | undefined
  /** Whether the callee's words are also written with digits; absent: as the installation has it. */
  readonly itn?: boolean | undefined
  /** The callee's turn is over after this much silence, whatever their words; absent: as they and their words have it. */
  readonly pauseMs?: number | undefined
  /** The longest that the whole call may last, with a human who took over too, if that is less than the line allows. */
  readonly talkMsMax?: number | undefined
  /** Whether it is told `partial` words; absent: it is not. */
  readonly wantsPartials?: boolean | undefined
  /** False: nothing of the call is recorded; absent: as the installation has it. */
  readonly recorded?: boolean | undefined
  /** False: what people say is not written down, and people who talk to each other are not listened to; absent: it is. */
  readonly transcribed?: boolean | undefined
  handle(event: RobotEvent, signal: AbortSignal): AsyncIterable<RobotAction>
  /**
   * What would be said if this happened next: its words as they come, for whoever wants their audio at hand. Leaves no trace: the robot stands
   * where it stood and nothing is noted; `handle` of the same event soon after may use what was thought out. Only the last one counts, and it is given
   * up when `signal` is aborted. Never while `handle` runs. Never throws. Absent: the robot does not know beforehand.
   */
  foresee?(event: RobotEvent, signal: AbortSignal): AsyncIterable<string>
  /** What the network said before the answer, or instead of one; told once, before anything else, also when nobody ever answers. Not to be answered. Never throws. */
  hearEarly?(words: { text: string; beginAtMs: number; endAtMs: number }): void
  /** Words the recogniser should favour: names and facts of this conversation. */
  readonly hotWords: readonly string[]
  /** Answers to expect from the callee. */
  readonly phrases: readonly string[]
}
