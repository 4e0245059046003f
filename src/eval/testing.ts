// Knows how to write a scenario and a record down in a few words. Used by tests only.
import type { RecordLine, RunRecord } from './record.ts'
import { parseScenario, type Scenario } from './scenario.ts'

export function scenarioOf(yaml: string): Scenario {
  return parseScenario(`version: 1\n${/^title:/mu.test(yaml) ? '' : 'title: 测试\n'}${/^requirement:/mu.test(yaml) ? '' : 'requirement: 通知张伟先生明天上午9点在三楼开会\n'}callee: { persona: 本人 }\n${yaml}`, 'test')
}

/** Lines as `R words`, `R words--` when cut, `C words` or `C2 words` for the scenario's turn of that index; each takes 200 ms per character. */
export function recordOf(talk: readonly string[], more: Partial<RunRecord> = {}): RunRecord {
  let atMs = 0
  const lines = talk.map((one): RecordLine => {
    const [, who, turn, words, cut] = /^([RC])(\d*) (.*?)(--)?$/su.exec(one)!
    const beginAtMs = atMs
    atMs += 200 * words!.length + 100
    const span = { beginAtMs, endAtMs: atMs - 100 }
    return who === 'R' ? { by: 'robot', planned: words!, heard: words!, cut: cut !== undefined, ...span } : { by: 'callee', said: words!, turn: turn === '' ? undefined : Number(turn), ...span }
  })
  const transcript = lines.map((line, i) => ({ turn: i + 1, speaker: line.by, text: line.by === 'robot' ? line.heard : line.said, cut: line.by === 'robot' && line.cut, confidence: 1 }))
  return { lines, notes: [], transcript, outcome: 'confirmed', endedBy: 'robot', endAtMs: atMs, faults: [], ...more }
}
