// Knows what a persona script may say and how it chooses a reply. Does not know audio or SIP.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

const words = z.string().min(1)
const pattern = z.string().transform((source, context) => {
  try {
    return new RegExp(source, 'u')
  } catch (error) {
    context.addIssue({ code: 'custom', message: String(error) })
    return z.NEVER
  }
})

const personaSchema = z.strictObject({
  title: words,
  /** Voice name of the synthesiser. */
  voice: z.string(),
  /** Said right after picking up; absent: says nothing. */
  greeting: words.optional(),
  /** Speaks over the robot: in its `onTurn`-th turn after the greeting, that long after it began. */
  interrupts: z.array(z.strictObject({ onTurn: z.int().positive(), afterMs: z.int().positive(), says: words })).default([]),
  /** Murmurs while the robot talks. */
  backchannels: z.strictObject({ everyMs: z.int().min(500), words: z.array(words).min(1) }).optional(),
  /** The first reply whose pattern is found in what was heard is given; the last entry of a list is repeated. */
  replies: z.array(z.strictObject({ hears: z.array(pattern).min(1), says: z.array(words).optional(), presses: z.array(z.string().regex(/^[0-9*#]+$/)).optional(), hangsUp: z.boolean().default(false) })),
  /** What is said when no pattern fits; an empty list stays silent. */
  otherwise: z.array(words),
})
export type Persona = z.output<typeof personaSchema>

/** `afterMs`: how much longer than usual the callee thinks first. */
export type Reply = { says?: string | undefined; presses?: string | undefined; hangsUp: boolean; afterMs?: number | undefined }

/** Words over the caller's. */
export type Over = {
  afterMs: number
  says: string
  /** It goes with the caller's words and wants no answer. */
  murmur?: boolean | undefined
  /** False when it was said meanwhile, or makes no sense any more; absent: always true. */
  isDue?: (() => boolean) | undefined
}

/** What a callee does in one call, decided turn by turn. */
export interface CalleeScript {
  readonly voice: string
  readonly greeting: string | undefined
  readonly backchannels: Persona['backchannels']
  /** What is said over the caller's turn number `turn`, counted from 1 after the answer, from its beginning. */
  over(turn: number): readonly Over[]
  /** The reply to a finished turn of the caller. `heard` is '' when nothing was understood. */
  replyTo(heard: string): Reply
  /** Something was said to its end; times on the clock of the media. */
  said?(text: string, beginAtMs: number, endAtMs: number): void
}

/** Reads `<folder>/<name>.yaml`. Errors: Error naming the file and what is wrong in it. */
export function loadPersona(name: string, folder: URL = new URL('personas/', import.meta.url)): Persona {
  const file = new URL(`${name}.yaml`, folder)
  try {
    return personaSchema.parse(parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)
    throw new Error(`persona ${fileURLToPath(file)}: ${why}`, { cause })
  }
}

/** One callee's way through the script. Remembers how often each reply was given. */
export class PersonaScript implements CalleeScript {
  readonly #persona: Persona
  readonly #given = new Map<readonly string[], number>()

  constructor(persona: Persona) {
    this.#persona = persona
  }

  get voice(): string {
    return this.#persona.voice
  }

  get greeting(): string | undefined {
    return this.#persona.greeting
  }

  get backchannels(): Persona['backchannels'] {
    return this.#persona.backchannels
  }

  over(turn: number): readonly Over[] {
    return this.#persona.interrupts.filter(({ onTurn }) => onTurn === turn)
  }

  replyTo(heard: string): Reply {
    const reply = this.#persona.replies.find(({ hears }) => hears.some((regex) => regex.test(heard)))
    if (!reply) return { says: this.#next(this.#persona.otherwise), hangsUp: false }
    return { says: this.#next(reply.says), presses: this.#next(reply.presses), hangsUp: reply.hangsUp }
  }

  /** The variants in turn, the last one again and again. */
  #next(variants: readonly string[] = []): string | undefined {
    const count = this.#given.get(variants) ?? 0
    this.#given.set(variants, count + 1)
    return variants[Math.min(count, variants.length - 1)]
  }
}
