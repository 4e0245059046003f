// Knows how cases that failed are kept: one JSON file each, test/corpus/fuzz/<kind>-<name>.json. Does not know what was wrong with them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { FuzzCase, Step } from './fuzz-kind.ts'

const folder = new URL('../corpus/fuzz/', import.meta.url)

type Kept = { kind: string; why: string; steps: { latin1: string; waitMs: number; way?: string }[] }

/** Every case kept. */
export function keptCases(): { file: string; kind: string; why: string; steps: FuzzCase }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { kind, why, steps } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Kept
      return { file, kind, why, steps: steps.map(({ latin1, ...rest }): Step => ({ bytes: Buffer.from(latin1, 'latin1'), ...rest })) }
    })
}

/** Keeps a case and gives its file name. */
export function keepCase(kind: string, name: string, why: string, steps: FuzzCase): string {
  const kept: Kept = { kind, why, steps: steps.map(({ bytes, ...rest }) => ({ latin1: Buffer.from(bytes).toString('latin1'), ...rest })) }
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${kind}-${name}.json`, folder), `${JSON.stringify(kept, undefined, 1)}\n`)
  return `${kind}-${name}.json`
}
