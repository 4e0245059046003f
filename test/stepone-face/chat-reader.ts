// Reads a live conversation as its bytes come. Knows what was published about them and refuses anything else.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Customer } from './customer.ts'

export type ChatLine = { role: 'assistant' | 'user' | 'system'; content: string; outcome?: string }
/** What stands between two empty lines. `line` and `id` are undefined for a heartbeat. */
export type Block = { raw: string; atMs: number; id: number | undefined; line: ChatLine | undefined }

/** Every line that may ever be sent, byte for byte. */
const published = {
  heartbeat: /^: keep-alive$/,
  said: /^id: [1-9]\d*\ndata: \{"role": "(?:assistant|user)", "content": "(?:[^"\\\n]|\\\\)+"\}$/,
  done: /^id: [1-9]\d*\ndata: \{"role": "system", "content": "\[DONE\]", "outcome": "[a-z-]+"\}$/,
  timeout: /^data: \{"role": "system", "content": "\[TIMEOUT\]"\}$/,
}

/**
 * Ends when the server closes the stream as it should: complete, after [DONE] or [TIMEOUT]. Leaving the loop cuts the connection.
 * Errors: AssertionError for a byte that was not published; Error when the connection breaks.
 */
export async function* readStream(customer: Customer, callId: string, resume: { header?: number; body?: number } = {}): AsyncGenerator<Block, void, undefined> {
  const response = await open(customer, callId, resume)
  response.setEncoding('utf8')
  let rest = ''
  let last: Block | undefined
  for await (const chunk of response) {
    const parts = (rest + String(chunk)).split('\n\n')
    rest = parts.pop()!
    for (const raw of parts) {
      assert.ok(!isEnd(last), `nothing comes after the end: ${raw}`)
      yield (last = parse(raw))
    }
  }
  assert.equal(rest, '', 'the last event is followed by an empty line')
  assert.ok(isEnd(last), `the server closes only after the end, not after ${last?.raw ?? 'nothing'}`)
}

async function open(customer: Customer, callId: string, resume: { header?: number; body?: number }) {
  for (let tries = 1; ; tries += 1) {
    const response = await customer.exchange('POST', '/api/v1/callinfo/stream_chat_history', {
      body: { call_id: callId, ...(resume.body !== undefined && { last_event_id: resume.body }) },
      headers: { ...(resume.header !== undefined && { 'last-event-id': String(resume.header) }) },
      ownConnection: true,
    })
    if (response.statusCode === 503 && tries < 30) {
      response.destroy()
      await sleep(1_000)
      continue
    }
    assert.deepEqual([response.statusCode, response.headers['content-type'], response.headers['cache-control']], [200, 'text/event-stream; charset=utf-8', 'no-cache, no-transform'])
    return response
  }
}

function parse(raw: string): Block {
  const atMs = performance.now()
  assert.ok(Object.values(published).some((pattern) => pattern.test(raw)), `not as published: ${raw}`)
  const id = /^id: (\d+)$/m.exec(raw)?.[1]
  const data = /^data: (.*)$/m.exec(raw)?.[1]
  return { raw, atMs, id: id === undefined ? undefined : Number(id), line: data === undefined ? undefined : (JSON.parse(data) as ChatLine) }
}

function isEnd(block: Block | undefined): boolean {
  return block?.line?.role === 'system'
}

export async function readAll(stream: AsyncIterable<Block>): Promise<Block[]> {
  const blocks: Block[] = []
  for await (const block of stream) blocks.push(block)
  return blocks
}

/** The bytes of the conversation without its heartbeats. */
export function conversationOf(blocks: readonly Block[]): string {
  return blocks.filter((block) => block.line).map((block) => `${block.raw}\n\n`).join('')
}
