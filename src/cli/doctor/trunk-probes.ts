// Reaches what the examination of trunks asks: the database of this installation, name servers, carriers. Judges nothing.
import { access } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Config } from '../../config.ts'
import { trunkNodes } from '../../db/trunk-states.ts'
import { TrunkStore } from '../../dialer/trunk-store.ts'
import { watchDefaults } from '../../dialer/trunk-watch.ts'
import { log } from '../../log.ts'
import { openSecretBox } from '../../secret-box.ts'
import { parseTrunkAddress, resolveTargets, systemResolver } from '../../sip/resolve.ts'
import type { Protocol } from '../../sip/transport.ts'
import { SipUserAgent } from '../../sip/user-agent.ts'
import { optionTrunk } from '../../trunk-wiring.ts'
import type { TrunkState } from '../../trunk/trunk-state.ts'
import { withDatabase } from '../database.ts'
import type { ExaminedTrunk, TrunkProbes } from './trunk.ts'

/** Four sendings of a request (RFC 3261 §17.1.2.2): who has not answered by then will not. */
const ANSWER_MS_MAX = 6_000
const protocols: readonly Protocol[] = ['UDP', 'TCP', 'TLS']

/** The database is asked once, by whichever check comes first. */
const asked = new WeakMap<Config, Promise<readonly ExaminedTrunk[]>>()

/** Those of the options and those of the database. Errors: AppError. */
export async function configuredTrunks(config: Config): Promise<readonly ExaminedTrunk[]> {
  const known = asked.get(config) ?? storedTrunks(config)
  asked.set(config, known)
  const option = optionTrunk(config)?.config
  return [...(option ? [{ name: option.name, enabled: true, config: option, running: [] }] : []), ...(await known)]
}

async function storedTrunks(config: Config): Promise<readonly ExaminedTrunk[]> {
  // Nothing is made for the sake of looking: an installation that was never started has no trunks.
  const isNew = config.databaseUrl === undefined && (await access(path.join(config.dataDir, 'postgres', 'cluster', 'PG_VERSION')).then(() => false, () => true))
  if (isNew) return []
  return await withDatabase(
    config,
    async (db) => {
      const { rows } = await sql<{ there: boolean }>`select to_regclass('trunks') is not null as there`.execute(db.sql)
      if (rows[0]?.there !== true) return []
      const store = new TrunkStore(db, await openSecretBox(config))
      const records = await store.list()
      return await Promise.all(
        records.map(async ({ name, enabled, config: trunk, problem }) => ({ name, enabled, config: trunk, problem, running: (await trunkNodes(db.sql, name, watchDefaults.nodeKeptMs)).map(({ detail }) => detail as TrunkState) })),
      )
    },
    { migrates: false },
  )
}

/** From a port of its own, beside a running server. Errors: the system's when SIP_ADDRESS cannot be used. */
export async function openTrunkProbes(config: Config): Promise<TrunkProbes & AsyncDisposable> {
  const resolver = systemResolver()
  let agent: Promise<SipUserAgent> | undefined
  const userAgent = (): Promise<SipUserAgent> =>
    (agent ??= SipUserAgent.open({ address: config.sipAddress, port: 0, publicAddress: config.sipPublicAddress, userAgent: 'waihu doctor', transports: protocols.map((protocol) => ({ protocol })), limits: { closeMsMax: 100 }, log }))
  return {
    trunks: () => configuredTrunks(config),
    addresses: (target) => resolveTargets([parseTrunkAddress(target)], { resolver, protocols, dice: Math.random }),
    async probe(peer) {
      const sip = await userAgent()
      const beganMs = performance.now()
      const answer = await within(sip.probe(peer), { status: 408 })
      return { ...answer, rttMs: performance.now() - beganMs, from: { port: sip.ports[peer.protocol ?? 'UDP'] ?? sip.port } }
    },
    async registration(registrar, aor, credentials) {
      const sip = await userAgent()
      return await within(sip.queryRegistration({ registrar, aor, credentials }), { status: 408, contacts: [] })
    },
    async [Symbol.asyncDispose]() {
      const sip = await agent?.catch(() => undefined)
      await sip?.close()
    },
  }
}

async function within<T>(answer: Promise<T>, late: T): Promise<T> {
  const over = new AbortController()
  try {
    return await Promise.race([answer, sleep(ANSWER_MS_MAX, late, { signal: over.signal })])
  } finally {
    over.abort()
  }
}
