// Knows how to tell in plain words what an account was not told about a call. Pure. Does not know how anything is sent.
import type { Undelivered } from './call-service.ts'
import type { Words } from './explain-words.ts'

const names: Readonly<Record<Undelivered['what'], Words>> = {
  webhook: { zh: '通话报告（webhook）', en: 'the call report (webhook)' },
  report: { zh: '话单回执', en: 'the receipt with the record' },
  progress: { zh: '进度回执', en: 'a receipt of progress' },
  recording: { zh: '录音回执', en: 'the receipt with the recording' },
  'live-text': { zh: '实时文本回执', en: 'a receipt with live text' },
}

/** One line for each kind of message and reason. `clock`: how a time is shown. */
export function toldOfUndelivered(undelivered: readonly Undelivered[], clock: (at: Date) => string): Words[] {
  const alike = Map.groupBy(undelivered, ({ what, error, againAt }) => JSON.stringify([what, error, againAt === undefined]))
  return [...alike.values()].map((several) => {
    const { what, attempts, error, againAt } = several.at(-1)!
    const count = several.length === 1 ? { zh: '', en: '' } : { zh: ` ${several.length} 条`, en: ` (${several.length} of them)` }
    const next = againAt ? { zh: `${clock(againAt)} 再试`, en: `next try at ${clock(againAt)}` } : { zh: '已放弃', en: 'given up' }
    const again = againAt === undefined && what !== 'webhook' ? { zh: '：可用 waihu receipts replay 重新推送', en: '; waihu receipts replay sends it again' } : { zh: '', en: '' }
    return {
      zh: `${names[what].zh}${count.zh}未送达：第 ${attempts} 次 ${error}，${next.zh}${again.zh}`,
      en: `Not delivered: ${names[what].en}${count.en}: attempt ${attempts}, ${error}; ${next.en}${again.en}`,
    }
  })
}
