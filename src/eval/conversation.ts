// Knows how to look at the record of a run: who listened when, what the robot said in which turn. Does not know what is right.
import type { CalleeLine, RecordLine, RobotLine, RunRecord } from './record.ts'
import type { CalleeTurn, Scenario } from './scenario.ts'

/** What the robot said between two turns of the callee. */
export type RobotTurn = { lines: readonly RobotLine[]; heard: string; beginAtMs: number; endAtMs: number }

export type Happened = { turn: CalleeTurn; index: number; line: CalleeLine }

/** Consecutive lines of the robot. A murmur of the callee divides nothing. */
export function robotTurns(record: RunRecord, scenario: Scenario): RobotTurn[] {
  const turns: RobotLine[][] = []
  let open = false
  for (const line of record.lines) {
    if (line.by === 'callee') {
      if (!isMurmur(line, scenario)) open = false
      continue
    }
    if (open) turns.at(-1)!.push(line)
    else turns.push([line])
    open = true
  }
  return turns.map(turnOf)
}

/** The turns of the scenario that took place, in the order in which they did. */
export function turnsThatHappened(record: RunRecord, scenario: Scenario): Happened[] {
  return record.lines.flatMap((line) => (line.by === 'callee' && line.turn !== undefined ? [{ turn: scenario.turns[line.turn]!, index: line.turn, line }] : []))
}

/** What the robot began to say after a turn of the callee and before the next one. */
export function reactionTo({ line }: Happened, record: RunRecord, scenario: Scenario): RobotTurn {
  const next = record.lines.find((one) => one.by === 'callee' && one !== line && one.beginAtMs >= line.endAtMs && !isMurmur(one, scenario))
  return turnOf(record.lines.filter((one): one is RobotLine => one.by === 'robot' && one.beginAtMs >= line.beginAtMs && one.beginAtMs < (next?.beginAtMs ?? Number.POSITIVE_INFINITY)))
}

/** True while the person whom the requirement names is known to listen: from the words that say so. */
export function personListens(atMs: number, record: RunRecord, scenario: Scenario): boolean {
  let listens = false
  for (const { turn, line } of turnsThatHappened(record, scenario)) {
    if (line.beginAtMs > atMs) break
    if ('confirms' in turn && turn.confirms) listens = true
    if ('denies' in turn && turn.denies) listens = false
  }
  return listens
}

function isMurmur(line: RecordLine, scenario: Scenario): boolean {
  return line.by === 'callee' && line.turn !== undefined && 'murmurs' in scenario.turns[line.turn]!
}

function turnOf(lines: readonly RobotLine[]): RobotTurn {
  return { lines, heard: lines.map(({ heard }) => heard).join(''), beginAtMs: lines[0]?.beginAtMs ?? 0, endAtMs: lines.at(-1)?.endAtMs ?? 0 }
}
