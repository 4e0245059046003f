// A callback server for SmartCall, as small as one can be: it answers every turn of a conversation about a parcel, and takes receipts of calls. Run it with
// `npx node scripts/smartcall-server.ts 9000`, then have calls led by it: `waihu callback-server set acc_… http://127.0.0.1:9000/`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

type Content = { words?: string; dtmf_digits?: string; is_playing?: string; dynamic_id?: string }
type Data = { action: string; action_code?: string; action_code_param?: string; mute_time?: number; dynamic_id?: string; dtmf_max_numbers?: number; dtmf_end_character?: string }

const say = (text: string, more: Partial<Data> = {}): Data => ({ action: 'play', action_code: '$text$', action_code_param: JSON.stringify({ text }), ...more })

/** What is done about one event. `dynamic_id` comes back with the next one: here it counts how often nobody said anything. */
export function answer(type: string, { words = '', dtmf_digits: digits = '', dynamic_id: silences = '0' }: Content): Data {
  if (type === 'mute') return silences === '0' ? say('您好，您还在吗？', { mute_time: 5_000, dynamic_id: '1' }) : say('那我们稍后再联系您，再见。', { action: 'hangup' })
  if (type === 'dtmf') return digits === 'noInputTimeout' ? say('没有收到按键，再见。', { action: 'hangup' }) : say(`好的，取件码是${digits.split('').join(' ')}，再见。`, { action: 'hangup' })
  // Whatever was being said goes on while the whole sentence is awaited.
  if (type !== 'normal') return { action: 'continue' }
  if (/不用|不要|打错/.test(words)) return say('好的，打扰了，再见。', { action: 'hangup' })
  if (/取件码|密码/.test(words)) return say('请按四位取件码，按井号键结束。', { action: 'dtmf', dtmf_max_numbers: 4, dtmf_end_character: '#' })
  return say(`您说的是${words}。包裹今天下午送到，您方便吗？`, { dynamic_id: '0' })
}

export async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  response.setHeader('content-type', 'application/json; charset=utf-8')
  // Turns are forms or queries; receipts are JSON, several in one array.
  if (request.headers['content-type']?.startsWith('application/json')) {
    for (const record of JSON.parse(body) as { call_id?: string }[]) console.log(`${record.call_id} ${JSON.stringify(record)}`)
    return void response.end('{"code":0,"msg":"接收成功"}')
  }
  const fields = new URLSearchParams(body === '' ? new URL(request.url ?? '/', 'http://localhost').search : body)
  const [type, callId] = [fields.get('content_type') ?? '', fields.get('call_id')]
  const data = answer(type, JSON.parse(fields.get('content') ?? '{}') as Content)
  console.log(`${callId} ${type} ${fields.get('content')} → ${data.action} ${data.action_code_param ?? ''}`)
  response.end(JSON.stringify({ result: 'success', msg: '成功', code: 200, data: { call_id: callId, ...data } }))
}

if (process.argv[1] === import.meta.filename) {
  const port = Number(process.argv[2] ?? 9_000)
  createServer((request, response) => void onRequest(request, response).catch(() => response.writeHead(500).end())).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`))
}
