// Knows how tests cut one process off from PostgreSQL: refuse, hang, or lose the answer to a commit. Not for the program itself.
import { createServer, connect, type Socket } from 'node:net'
import { openDatabase, type Database } from '../db/connection.ts'
import type { ConnectionConfig } from '../db/postgres/supervisor.ts'
import { log } from '../log.ts'

export type SeveredDatabase = AsyncDisposable & {
  db: Database
  /** Cuts all connections and refuses new ones. */
  down(): void
  up(): void
  /** Cuts the next `count` connections that send COMMIT after the server has executed it, before the answer is passed on. */
  loseCommits(count: number): void
}

/** A handle on the database that passes through a proxy of its own. */
export async function severedDatabase(config: ConnectionConfig): Promise<SeveredDatabase> {
  let isDown = false
  let commitsToLose = 0
  const open = new Set<Socket>()
  const proxy = createServer((client) => {
    if (isDown) {
      client.destroy()
      return
    }
    const server = connect({ path: `${config.host}/.s.PGSQL.${config.port}` })
    let swallow = false
    for (const [from, to] of [[client, server], [server, client]] as const) {
      open.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (commitsToLose > 0 && bytes.toString('latin1').toLowerCase().includes('commit')) {
        commitsToLose -= 1
        swallow = true
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      // The server has answered, so it has committed; nobody will hear of it.
      if (swallow) client.destroy()
      else client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as { port: number }
  const db = openDatabase({ config: { ...config, host: '127.0.0.1', port }, log: log.child({}, { level: 'silent' }) })
  return {
    db,
    down() {
      isDown = true
      for (const socket of open) socket.destroy()
    },
    up() {
      isDown = false
    },
    loseCommits(count) {
      commitsToLose = count
    },
    async [Symbol.asyncDispose]() {
      await db.close()
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
