// Knows how to tell in plain words where the time between the callee's last word and the robot's first one went. Pure.
import type { TurnLatency } from '../events.ts'
import type { Words } from './explain-words.ts'

/** A turn slower than this is explained by its longest part. */
const SLOW_MS = 1_500

/** The steps of one answer as they followed one another, then what was special about it. */
export function toldOfLatency(latency: TurnLatency): Words[] {
  return [waterfall(latency), ...(latency.totalMs > SLOW_MS ? [slow(latency)] : []), ...ahead(latency)]
}

/** Names of the steps, in their order. */
function stepsOf(latency: TurnLatency): { name: Words; ms: number }[] {
  return [
    { name: { zh: '判断说完', en: 'deciding that the callee had finished' }, ms: latency.endpointMs },
    { name: { zh: '识别', en: 'recognition' }, ms: latency.recognitionMs },
    { name: { zh: '想怎么说', en: 'the robot' }, ms: latency.robotMs },
    { name: { zh: '合成语音', en: 'synthesis' }, ms: latency.synthesisMs },
    { name: { zh: '送出', en: 'playing out' }, ms: latency.playoutMs },
  ]
}

function waterfall(latency: TurnLatency): Words {
  const { firstTokenMs } = latency
  const chain = (language: 'zh' | 'en', firstToken: string): string =>
    stepsOf(latency)
      .map(({ name, ms }, i) => `${name[language]} ${whole(ms)}${i === 2 && firstTokenMs !== undefined ? `${firstToken} ${whole(firstTokenMs)}${language === 'zh' ? '）' : ')'}` : ''}`)
      .join(' → ')
  return {
    zh: `对方说完 ${whole(latency.totalMs)} 毫秒后回应：${chain('zh', '（模型首字')}`,
    en: `Answered ${whole(latency.totalMs)} ms after the callee's last word: ${chain('en', ' (first token of the model')}`,
  }
}

function slow(latency: TurnLatency): Words {
  const { name, ms } = stepsOf(latency).toSorted((a, b) => b.ms - a.ms)[0]!
  return {
    zh: `回应偏慢：${seconds(latency.totalMs)} 秒，主要花在${name.zh}（${seconds(ms)} 秒）`,
    en: `Slow answer: ${seconds(latency.totalMs)} s, most of it ${name.en} (${seconds(ms)} s)`,
  }
}

function ahead({ aheadMs, dropped = 0 }: TurnLatency): Words[] {
  const told: Words[] = []
  if (aheadMs !== undefined) told.push({ zh: `趁对方停顿，提前 ${whole(aheadMs)} 毫秒开始准备这句话`, en: `Begun ${whole(aheadMs)} ms ahead, while the callee paused` })
  if (dropped > 0) told.push({ zh: `对方停顿后又接着说，作废了 ${dropped} 次提前的准备`, en: `The callee went on after a pause: ${dropped} answers begun ahead were dropped` })
  return told
}

const whole = (ms: number): string => String(Math.round(ms))
const seconds = (ms: number): string => (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)
