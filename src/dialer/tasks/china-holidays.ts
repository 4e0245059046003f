// Knows the public holidays of mainland China and the days made up for them, as the State Council has published them. Dated data: a year is added when its list is out.
// Source: notices of the General Office of the State Council on the arrangement of holidays (国务院办公厅关于部分节假日安排的通知), 2025 and 2026.

const closed: readonly [from: string, to: string][] = [
  ['2025-01-01', '2025-01-01'],
  ['2025-01-28', '2025-02-04'],
  ['2025-04-04', '2025-04-06'],
  ['2025-05-01', '2025-05-05'],
  ['2025-05-31', '2025-06-02'],
  ['2025-10-01', '2025-10-08'],
  ['2026-01-01', '2026-01-03'],
  ['2026-02-15', '2026-02-23'],
  ['2026-04-04', '2026-04-06'],
  ['2026-05-01', '2026-05-05'],
  ['2026-06-19', '2026-06-21'],
  ['2026-09-25', '2026-09-27'],
  ['2026-10-01', '2026-10-07'],
]

/** Days of a weekend on which people work. */
const madeUp = ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11', '2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10']

function daysFrom([from, to]: readonly [string, string]): string[] {
  const days: string[] = []
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10))
  return days
}

export const chinaHolidays = { closed: new Set(closed.flatMap(daysFrom)), madeUp: new Set(madeUp) } as const
