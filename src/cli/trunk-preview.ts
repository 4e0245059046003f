// Shows what a carrier would see of a call over a trunk, and how a number that it sends is read, so that number rules and headers can be tried. Sends nothing.
import { defineCommand } from 'citty'
import type { Config } from '../config.ts'
import { parsePhone } from '../numbering/phone.ts'
import { attributionOf } from '../trunk-wiring.ts'
import { domainOf, invitationOver } from '../trunk/configured-trunk.ts'
import { receivedNumber } from '../trunk/number-rules.ts'
import type { TrunkConfig } from '../trunk/trunk-config.ts'
import { CliError } from './api-client.ts'
import { cliConfig } from './context.ts'
import { configuredTrunks } from './doctor/trunk-probes.ts'

export const preview = defineCommand({
  meta: { name: 'preview', description: '看一条线路怎样写被叫和主叫；不打电话。 Show what a carrier would see of a call; none is placed.' },
  args: {
    name: { type: 'positional', required: true, description: '线路名 name of the trunk' },
    phone: { type: 'positional', required: true, description: '被叫号码 whom to call' },
    caller: { type: 'string', description: '主叫号码，默认第一个 number to show; the first one when left out' },
    in: { type: 'boolean', default: false, description: '反过来：线路送来的这个号码读作什么 the other way: how this number is read when the carrier sends it' },
  },
  async run({ args }) {
    const config = cliConfig()
    const trunk = (await configuredTrunks(config)).find(({ name }) => name === args.name)
    if (!trunk) throw new CliError(`没有名为 ${args.name} 的线路，见 trunk list。 There is no trunk ${args.name}, see trunk list.`)
    if (!trunk.config) throw new CliError(`线路 ${args.name} 的配置不能用：${trunk.problem}。 Its configuration cannot be used: ${trunk.problem}`)
    console.log(args.in ? readAs(trunk.config, args.phone) : (await seenBy(trunk.config, args.phone, args.caller, config)).join('\n'))
  },
})

/** The lines of the INVITE that say who calls whom. Errors: CliError for a number that is never dialled; InvalidInputError. */
export async function seenBy(trunk: TrunkConfig, written: string, caller: string | undefined, config: Pick<Config, 'sipAddress' | 'sipPublicAddress' | 'sipPort' | 'attributionFile'>): Promise<string[]> {
  const parsed = parsePhone(written)
  if (!parsed.ok) throw new CliError(`${written}：${parsed.bad.reason}。 ${written} is never dialled (${parsed.bad.code}).`)
  const shown = config.sipPublicAddress ?? config.sipAddress
  const place = { domain: () => domainOf(trunk, 'gateway.invalid'), mediaAddress: shown, attribution: await attributionOf(config) }
  const { requestUri, from, to, contactUser, headers } = invitationOver(trunk, place, parsed.phone.phone, caller ?? trunk.callers[0]!.number)
  return [`INVITE ${requestUri} SIP/2.0`, `From: ${from}`, `To: ${to}`, `Contact: <sip:${contactUser}@${shown}:${config.sipPort || 'SIP_PORT'}>`, ...headers.map(([name, value]) => `${name}: ${value}`)]
}

/** As E.164 where the numbering plan knows it. */
export function readAs(trunk: TrunkConfig, sent: string): string {
  return receivedNumber(sent, trunk.numbers.in) ?? '匿名 anonymous'
}
