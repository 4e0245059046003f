// A speech service on loopback for tests: one WebSocket server, or one HTTP server, with the faults that real ones have. Does not know any vendor's messages.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

/**
 * `refuse`: the key is wrong. `mute`: accepts everything and never answers. `garbage`: answers with what is no message. `reset`: the connection
 * breaks with the first audio or text. `half-close`: it ends properly, but before the result. `quota`: the account has nothing left.
 * `slow`: everything comes SLOW_MS late.
 */
export type Fault = 'none' | 'refuse' | 'mute' | 'garbage' | 'reset' | 'half-close' | 'quota' | 'slow'

/** Longer than anybody waits for the first sound of an answer, shorter than a service is given up. */
export const SLOW_MS = 1_800

/** What a vendor's part does with one connection. */
export type FakeSession = { onText(text: string): void; onAudio(bytes: Buffer): void; onClosed?(): void }

export type FakeService = AsyncDisposable & {
  url: string
  fault: Fault
  /** Handshakes so far. */
  connections: number
  /** Everything that came as text, in order. */
  received: string[]
  /** Connections now. */
  readonly open: number
  /** Breaks every connection. */
  breakAll(): void
  /** The fault comes over what is going on, too. */
  strike(fault: Fault): void
}

export async function fakeSocketService(accepts: (request: IncomingMessage) => boolean, session: (send: (message: object | Uint8Array) => void, service: FakeService) => FakeSession): Promise<FakeService> {
  const http = createServer()
  const server = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false })
  const sockets = new Set<WebSocket>()
  const serve = (connection: WebSocket): void => {
    service.connections += 1
    sockets.add(connection)
    const send = (message: object | Uint8Array) => {
      if (service.fault === 'mute') return
      const bytes = service.fault === 'garbage' ? '{"no": ' : message instanceof Uint8Array ? message : JSON.stringify(message)
      if (service.fault === 'slow') setTimeout(() => connection.send(bytes, () => {}), SLOW_MS)
      else connection.send(bytes)
    }
    const own = session(send, service)
    connection.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) service.received.push(data.toString('utf8'))
      const isWork = isBinary || service.received.length > 1
      if (service.fault === 'reset' && isWork) return connection.terminate()
      if (service.fault === 'half-close' && isWork) return connection.close(1000)
      if (isBinary) own.onAudio(data)
      else own.onText(data.toString('utf8'))
    })
    connection.on('close', () => {
      sockets.delete(connection)
      own.onClosed?.()
    })
    connection.on('error', () => {})
  }
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {}) // whoever was refused may break off first
    if (service.fault === 'refuse' || !accepts(request)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const letIn = () => server.handleUpgrade(request, socket, head, serve)
    if (service.fault === 'slow') setTimeout(letIn, SLOW_MS)
    else letIn()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const service: FakeService = {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    fault: 'none',
    connections: 0,
    received: [],
    get open() {
      return sockets.size
    },
    breakAll: () => sockets.forEach((socket) => socket.terminate()),
    strike(fault) {
      service.fault = fault
      if (fault === 'reset') service.breakAll()
      if (fault === 'half-close') sockets.forEach((socket) => socket.close(1000))
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate()
      server.close()
      http.closeAllConnections()
      await new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
  return service
}

export type FakeHttpService = AsyncDisposable & { url: string }

export async function fakeHttpService(handle: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void | Promise<void>): Promise<FakeHttpService> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void handle(request, Buffer.concat(chunks), response))
    request.on('error', () => {})
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}
