// Knows how tests get a customer's server that answers as it is told, and remembers what it got. Not for the program itself.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Received = { headers: IncomingMessage['headers']; body: string }
export type CustomerServer = AsyncDisposable & { url: string; received: Received[] }

export async function customerServer(answer: (request: Received, response: ServerResponse, nth: number) => void): Promise<CustomerServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      answer(received.at(-1)!, response, received.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/calls`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
