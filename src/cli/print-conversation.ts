// Prints a live conversation and the record of a call for a person. Does not know how they are fetched.
import type { ApiClient } from './api-client.ts'

const speakers: Readonly<Record<string, string>> = { assistant: '🤖 机器人', user: '👤 被叫  ', system: '── 系统  ' }

/** Prints lines as they are said; resolves with the outcome when the call is over, undefined when the stream timed out. */
export async function printConversation(client: ApiClient, callId: string): Promise<string | undefined> {
  for (;;) {
    let timedOut = false
    for await (const line of client.stream(callId)) {
      if (line.role === 'system' && line.content === '[DONE]') return line.outcome ?? ''
      if (line.role === 'system' && line.content === '[TIMEOUT]') {
        timedOut = true
        continue
      }
      console.log(`${speakers[line.role] ?? line.role} ${line.content}`)
    }
    if (!timedOut) return undefined
    console.log('  … 仍在振铃 still ringing')
  }
}

/** Prints the record in a few lines. */
export function printRecord(record: Record<string, unknown>): void {
  const row = (title: string, value: unknown) => value !== undefined && value !== null && value !== '' && console.log(`  ${title.padEnd(18)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  row('call_id', record['call_id'])
  row('状态 status', record['status'])
  row('结果 outcome', record['outcome'])
  row('挂机方 ended by', record['ended_by'])
  row('通话时长 talk', typeof record['duration_seconds'] === 'number' ? `${record['duration_seconds']} s` : undefined)
  row('费用 cost', typeof record['cost'] === 'number' ? `${record['cost']} RMB${record['billed'] === true ? '' : '（未计费 not billed）'}` : undefined)
  row('摘要 summary', record['summary'])
  for (const { question, value, words, sure, turns } of (record['answers'] ?? []) as { question: string; value: string | null; words: string; sure: boolean; turns: number[] }[]) row('答复 answer', `${question}：${value ?? '没有回答 none'}${words === '' || words === value ? '' : `（${words}）`} [${turns.join(', ')}]${sure || value === null ? '' : ' 不确定 unsure'}`)
  const grade = record['grade'] as { letter: string; reason: string } | null | undefined
  row('意向 grade', grade ? `${grade.letter} ${grade.reason}` : undefined)
  for (const { detail, turns } of (record['review'] ?? []) as { detail: string; turns: number[] }[]) row('请核对 review', `${detail} [${turns.join(', ')}]`)
  const callBack = record['call_back'] as { at: string | null; words: string; call_id: string | null } | null | undefined
  row('约定再打 call back', callBack ? `${callBack.at ?? callBack.words}${callBack.call_id === null ? '' : ` → ${callBack.call_id}`}` : undefined)
  row('录音 recording', record['recording_path'] ?? record['recording_url'])
  row('接通前 early media', record['early_media_url'])
}
