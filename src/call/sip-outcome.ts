// Knows what became of a call that was not answered: a trunk's own rows, then announcements and tones, then codes. Does not know how they are heard or received.
import { says } from '../speech/early-media/announcements.ts'
import type { EarlyMediaHeard } from '../speech/early-media/early-media.ts'
import { wasAnswered, type Outcome } from './end-reason.ts'
import { codeTable, outcomeOfStatus, type CodeRow } from './outcome-table.ts'

/**
 * A trunk's own reading of what its network says or signals; every part that is given must fit.
 * `text`: words of the announcement, in the notation of the announcement table (`A+B` both, `A|B` either).
 */
export type OutcomeOverride = { sip?: number | undefined; q850?: number | undefined; text?: string | undefined; outcome: Outcome }

/** What is known when a call is over, or given up for what was announced: then there is no status. */
export type Refusal = { status?: number | undefined; q850?: number | undefined; heard?: EarlyMediaHeard | undefined }

/** `rule` names the row: 'trunk:2' (counted from 1), 'text:powered-off', 'tone:busy', 'q850:17', 'sip:486', 'sip:5xx'. */
export type Decision = { outcome: Outcome; rule: string }

/**
 * Outcome of a call that was refused or never answered; undefined when there is no status and what was heard decides nothing.
 * `status` 100..699; `q850` from the Reason header (RFC 3326) when there was one.
 * Words before codes, because networks that announce 关机 often answer with a code that says nothing; among words and among codes the
 * trunk's rows come first.
 */
export function decide(refusal: Refusal, overrides: readonly OutcomeOverride[] = []): Decision | undefined {
  return byTrunk(refusal, overrides, true) ?? byHeard(refusal.heard) ?? byTrunk(refusal, overrides, false) ?? byCodes(refusal)
}

/** As `decide` of a final status: there is always an outcome. */
export function outcomeOf(status: number, q850?: number, heard?: EarlyMediaHeard, overrides?: readonly OutcomeOverride[]): Outcome {
  return decide({ status, q850, heard }, overrides)?.outcome ?? 'unknown'
}

/** Outcome that early media tells by itself; undefined when it tells none. */
export function announcedOutcome(heard: EarlyMediaHeard | undefined): Outcome | undefined {
  return byHeard(heard)?.outcome
}

function byTrunk({ status, q850, heard }: Refusal, overrides: readonly OutcomeOverride[], worded: boolean): Decision | undefined {
  const at = overrides.findIndex((row) => {
    // Nobody picked up, whatever a row says; and one without any condition is a mistake, not a rule for everything.
    if (wasAnswered(row.outcome)) return false
    if (row.sip === undefined && row.q850 === undefined && row.text === undefined) return false
    if ((row.text !== undefined) !== worded) return false
    if (row.sip !== undefined && row.sip !== status) return false
    if (row.q850 !== undefined && row.q850 !== q850) return false
    return row.text === undefined || says(heard?.text ?? '', row.text)
  })
  return at < 0 ? undefined : { outcome: overrides[at]!.outcome, rule: `trunk:${at + 1}` }
}

function byHeard(heard: EarlyMediaHeard | undefined): Decision | undefined {
  const outcome = heard && outcomeOfStatus[heard.status]
  return outcome && { outcome, rule: heard.by === 'tone' ? `tone:${heard.tone}` : `text:${heard.status}` }
}

function byCodes({ status, q850 }: Refusal): Decision | undefined {
  const row = status === undefined ? undefined : codeTable.find((candidate) => fits(candidate, status, q850))
  return row && { outcome: row.outcome, rule: row.rule }
}

function fits(row: CodeRow, status: number, q850: number | undefined): boolean {
  if (row.q850 !== undefined && row.q850 !== q850) return false
  return row.sip.some((sip) => (typeof sip === 'number' ? sip === status : status >= sip[0] && status <= sip[1]))
}
