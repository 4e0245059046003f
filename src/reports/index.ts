// The table of reports: name → report. Does not know how they are run.
import { connectRate } from './connect-rate.ts'
import { cost } from './cost.ts'
import { hourHeat } from './hour-heat.ts'
import { intentLabels } from './intent-labels.ts'
import { lineQuality } from './line-quality.ts'
import { outcomeMix } from './outcome-mix.ts'
import type { Report } from './report.ts'
import { scriptFunnel } from './script-funnel.ts'
import { talkTime } from './talk-time.ts'

export const reports = {
  'connect-rate': connectRate,
  outcomes: outcomeMix,
  'talk-time': talkTime,
  intents: intentLabels,
  funnel: scriptFunnel,
  hours: hourHeat,
  lines: lineQuality,
  cost,
} satisfies Record<string, Report>
