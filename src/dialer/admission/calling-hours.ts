// Knows at what time of day people may be called. Does not know calls, lines or where "now" comes from.

/** Minutes after midnight in Asia/Shanghai; `closeMinute` is the first minute that is closed again. */
export type DayWindow = { openMinute: number; closeMinute: number }

/** Outside of this nobody is called, whatever is configured. Source: GB/T 45251-2025 (22:00–08:00). */
export const widestWindow = { openMinute: 8 * 60, closeMinute: 22 * 60 } as const satisfies DayWindow

export type HoursVerdict = { open: true } | { open: false; opensAtMs: number }

const dayMs = 24 * 60 * 60_000
// China has had one time zone and no summer time since 1991, so the offset is arithmetic.
const shanghaiOffsetMs = 8 * 60 * 60_000

/** May a callee be dialled at `nowMs` (Unix time)? When not, `opensAtMs` is the next moment that is. */
export function callingHours(nowMs: number, windows: readonly DayWindow[]): HoursVerdict {
  const localMs = nowMs + shanghaiOffsetMs
  const midnightMs = Math.floor(localMs / dayMs) * dayMs
  const inDayMs = localMs - midnightMs
  let opensInDayMs = Infinity
  for (const window of windows) {
    const openMs = Math.max(window.openMinute, widestWindow.openMinute) * 60_000
    const closeMs = Math.min(window.closeMinute, widestWindow.closeMinute) * 60_000
    if (closeMs <= openMs) continue
    if (inDayMs >= openMs && inDayMs < closeMs) return { open: true }
    opensInDayMs = Math.min(opensInDayMs, openMs > inDayMs ? openMs : openMs + dayMs)
  }
  return { open: false, opensAtMs: midnightMs + opensInDayMs - shanghaiOffsetMs }
}

/** When the window of that day is closed again; in the past when it was. */
export function closesAtMs(nowMs: number, { closeMinute }: DayWindow): number {
  const localMs = nowMs + shanghaiOffsetMs
  return Math.floor(localMs / dayMs) * dayMs + closeMinute * 60_000 - shanghaiOffsetMs
}

/** '08:00-21:00' or '09:00-12:00,14:00-20:00'. Errors: Error that says what is wrong with it. */
export function parseHours(text: string): DayWindow[] {
  const windows = text.split(',').map((part): DayWindow => {
    const match = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/.exec(part)
    if (!match) throw new Error(`calling hours: write '${part}' as 08:00-21:00`)
    const [openHour, openMin, closeHour, closeMin] = match.slice(1).map(Number) as [number, number, number, number]
    if (openMin > 59 || closeMin > 59) throw new Error(`calling hours: '${part}' is not a time of day`)
    return { openMinute: openHour * 60 + openMin, closeMinute: closeHour * 60 + closeMin }
  })
  assertHours(windows)
  return windows
}

/** Errors: Error when a window is empty or reaches into the night. */
export function assertHours(windows: readonly DayWindow[]): void {
  if (windows.length === 0) throw new Error('calling hours: name at least one window')
  for (const { openMinute, closeMinute } of windows) {
    if (!(openMinute < closeMinute)) throw new Error('calling hours: a window opens before it closes')
    if (openMinute < widestWindow.openMinute || closeMinute > widestWindow.closeMinute) {
      throw new Error('calling hours: nobody is called between 22:00 and 08:00')
    }
  }
}
