// Cases of calls in: the first callback, its answer, and that the conversation goes on like any other.
import type { Scene } from '../bench.ts'
import type { Case } from '../case.ts'
import { pages } from '../pages.ts'
import { reference, type Item } from '../reference.ts'
import { inbound } from '../scenes.ts'

const first = ({ callbacks }: Scene): Readonly<Record<string, unknown>> => callbacks.find(({ type }) => type === 'callin')?.content ?? {}
const text = (value: unknown, shape: RegExp): string => (typeof value === 'string' && shape.test(value) ? 'as published' : JSON.stringify(value) ?? 'absent')

const content: readonly (readonly [field: (typeof reference)['Callback callin'][number], expected: readonly string[]])[] = [
  ['caller', ['as published']],
  ['callee', ['as published']],
  // Only of a call that was forwarded.
  ['orgcallee', ['as published', 'absent']],
  ['partnerId', ['as published', 'absent']],
]

export const inboundCases: readonly Case[] = [
  ...content.map(([field, expected]): Case => ({
    id: `callin/${field}`, title: `callin: ${field}`, page: pages.firstInbound, covers: [`Callback callin.${field}`], needs: ['callbacks', 'callIn'], expected,
    got: async (bench) => text(first(await inbound(bench))[field], /^\+?\d{3,20}$/),
  })),
  {
    id: 'callin/answered', title: 'callin: answer, with everything that the reply may set; the conversation goes on', page: pages.firstInbound, needs: ['callbacks', 'callIn'], expected: ['mute with dynamic_id in', 'normal with dynamic_id in'],
    covers: reference['Reply to callin'].map((name): Item => `Reply to callin.${name}`),
    async got(bench) {
      const next = (await inbound(bench)).callbacks.find(({ type }) => type !== 'callin')
      return `${next?.type} with dynamic_id ${String(next?.content['dynamic_id'])}`
    },
  },
]
