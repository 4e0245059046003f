// What an examination found, and how examinations are run within their time. Does not know what is examined.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config.ts'

export type Level = 'ok' | 'warning' | 'problem'

/** `next` is what to do about it; never absent on a problem. */
export type Finding = { level: Level; zh: string; en: string; next?: { zh: string; en: string } | undefined }

export const ok = (zh: string, en: string): Finding => ({ level: 'ok', zh, en })
export const warning = (zh: string, en: string, next: { zh: string; en: string }): Finding => ({ level: 'warning', zh, en, next })
export const problem = (zh: string, en: string, next: { zh: string; en: string }): Finding => ({ level: 'problem', zh, en, next })

const marks = { ok: '✓', warning: '!', problem: '✗' } as const

/** As people read it: Chinese first, then English, then what to do. */
export function findingText({ level, zh, en, next }: Finding, title = ''): string {
  return [`${marks[level]} ${title}${zh}`, ...(en === zh ? [] : [`    ${en}`]), ...(next ? [`  → ${next.zh}`, `    ${next.en}`] : [])].join('\n')
}

/** One line of the table in doctor.ts: its probes are bound already. */
export type Check = { name: string; zh: string; en: string; msMax: number; run(config: Config): Promise<Finding[]> | Finding[] }

export type Examined = { check: string; zh: string; en: string; ms: number; findings: Finding[] }

/** Runs every check, all at once; results come in the order of the table. A check that breaks or lasts too long is a problem of its own and never stops the others. */
export async function* examine(checks: readonly Check[], config: Config): AsyncGenerator<Examined> {
  const running = checks.map((check) => runOne(check, config))
  for (const result of running) yield await result
}

async function runOne(check: Check, config: Config): Promise<Examined> {
  const startedMs = performance.now()
  const over = new AbortController()
  const late = sleep(check.msMax, undefined, { signal: over.signal }).then(() => [
    problem(`${check.msMax / 1_000} 秒内没有结果`, `no result within ${check.msMax / 1_000} s`, { zh: '机器太忙或被检查的对象没有反应，请稍后重试。', en: 'The machine is too busy or what is asked does not react; try again.' }),
  ])
  late.catch(() => {})
  let findings: Finding[]
  try {
    findings = await Promise.race([Promise.try(() => check.run(config)), late])
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    findings = [problem(`检查本身出错：${said}`, `the check itself failed: ${said}`, { zh: '请带上这一行报告问题。', en: 'Please report this line.' })]
  }
  over.abort()
  return { check: check.name, zh: check.zh, en: check.en, ms: Math.round(performance.now() - startedMs), findings }
}
