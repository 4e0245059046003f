// Knows ports that a program started a moment later will find free.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Between the ports of calls and those that the system gives out: what is free there stays free until somebody asks for it by number. */
const PORT_MIN = 30_000
const PORTS = 2_700
const given = new Set<number>()

/** An even port of 127.0.0.1 that nobody has, over UDP or TCP, nor the one after it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + 2 * randomInt(PORTS / 2)
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + 1))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  const server = createServer()
  try {
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
    server.close()
  }
}
