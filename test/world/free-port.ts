// Knows ports that a program started a moment later will find free.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Between the ports of calls and those that the system gives out: what is free there stays free until somebody asks for it by number. */
const PORT_MIN = 30_000
const PORTS = 2_700
/** The port, and those that programs take beside it: RTCP, and the video that sipp prepares for. The last one is the claim. */
const BLOCK = 4
const claims: Server[] = []

/** An even port of 127.0.0.1 that nobody has, over UDP or TCP, nor the two after it. It stays this process's until that ends. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + BLOCK * randomInt(PORTS / BLOCK)
    // Other test files choose at the same moment, and what they start is not there yet: whoever holds the claim has the block.
    const claim = await listen(port + BLOCK - 1)
    if (claim === undefined) continue
    claims.push(claim.unref())
    if ((await isFree(port)) && (await isFree(port + 1)) && (await isFree(port + 2))) return port
  }
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    const server = await listen(port)
    server?.close()
    return server !== undefined
  } catch {
    return false
  } finally {
    socket.close()
  }
}
