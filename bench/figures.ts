// The few sums that benches share. Does not know what is measured.
import { readdirSync, readFileSync } from 'node:fs'

/** The value below which `share` (0..1) of the values lie; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}

/** Three significant digits are more than this hardware repeats. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}

/** User and system CPU seconds and resident MB of a process and everything below it. Source: proc(5), 100 ticks a second. */
export function usageOfTree(pid: number): { cpuSec: number; rssMb: number } {
  const children = new Map<number, number[]>()
  const stats = new Map<number, { cpuSec: number; rssMb: number }>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The command may hold spaces and brackets; fields are counted after its last bracket.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      const parent = Number(fields[1])
      children.set(parent, [...(children.get(parent) ?? []), Number(name)])
      stats.set(Number(name), { cpuSec: (Number(fields[11]) + Number(fields[12])) / 100, rssMb: (Number(fields[21]) * 4096) / 1e6 })
    } catch {
      // It ended while we looked.
    }
  }
  const total = { cpuSec: 0, rssMb: 0 }
  const visit = (id: number) => {
    const stat = stats.get(id)
    if (stat) {
      total.cpuSec += stat.cpuSec
      total.rssMb += stat.rssMb
    }
    for (const child of children.get(id) ?? []) visit(child)
  }
  visit(pid)
  return total
}
