// Examines the language model: one answer of one token. Never shows the key.
import type { Config } from '../../config.ts'
import { endpointsOf, type LlmEndpoint } from '../../robot/model/endpoints.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

const ANSWER_MS_MAX = 10_000
/** A robot that starts to answer later than this sounds absent. */
const ANSWER_MS_WISHED = 2_000

export type LanguageModelProbes = { fetch: typeof fetch; nowMs(): number }

export const realLanguageModel: LanguageModelProbes = { fetch, nowMs: () => performance.now() }

export async function examineLanguageModel({ robot, llmBaseUrl, llmApiKey, llmModel }: Config, probes: LanguageModelProbes): Promise<Finding[]> {
  const endpoints = endpointsOf({ baseUrl: llmBaseUrl, apiKey: llmApiKey, model: llmModel })
  if (robot === 'rules') return [ok('ROBOT=rules：不用大模型', 'ROBOT=rules: no language model is used')]
  if (endpoints.length === 0) {
    if (robot === 'auto') return [ok('未设 LLM_BASE_URL：机器人用规则', 'LLM_BASE_URL is not set: the robot goes by rules')]
    return [problem('ROBOT=prompt 但没有 LLM_BASE_URL', 'ROBOT=prompt, and LLM_BASE_URL is not set', { zh: '设 LLM_BASE_URL、LLM_API_KEY、LLM_MODEL，或 ROBOT=rules。', en: 'Set LLM_BASE_URL, LLM_API_KEY and LLM_MODEL, or ROBOT=rules.' })]
  }
  return (await Promise.all(endpoints.map((endpoint) => examineEndpoint(endpoint, probes)))).flat()
}

async function examineEndpoint({ baseUrl, apiKey, model }: LlmEndpoint, probes: LanguageModelProbes): Promise<Finding[]> {
  const name = `${model} @ ${new URL(baseUrl).host}`
  const startedMs = probes.nowMs()
  let status: number
  try {
    const response = await probes.fetch(`${baseUrl.replace(/\/$/, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }) },
      body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: '好' }] }),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    await response.body?.cancel()
    status = response.status
  } catch (error) {
    // The driver's own words may repeat the request, and with it the key.
    const said = (error as Error).name === 'TimeoutError' ? `${ANSWER_MS_MAX / 1_000} s` : (((error as Error).cause as { code?: string } | undefined)?.code ?? (error as Error).name)
    return [problem(`大模型 ${name} 到不了（${said}）`, `the language model ${name} cannot be reached (${said})`, { zh: '检查 LLM_BASE_URL、网络和代理。', en: 'Check LLM_BASE_URL, the network and proxies.' })]
  }
  return [explain(status, name, Math.round(probes.nowMs() - startedMs), apiKey !== undefined)]
}

function explain(status: number, name: string, ms: number, hasKey: boolean): Finding {
  if (status >= 200 && status < 300) {
    if (ms <= ANSWER_MS_WISHED) return ok(`大模型 ${name} 应答 ${ms} ms`, `the language model ${name} answers in ${ms} ms`)
    return warning(`大模型 ${name} 应答 ${ms} ms，电话里会显得迟钝`, `the language model ${name} answers in ${ms} ms: slow for a telephone call`, { zh: '换近一些的接入点或更快的模型。', en: 'Choose an endpoint nearby, or a faster model.' })
  }
  const [zh, en] = advice(status, hasKey)
  const text = [`大模型 ${name} 应答 ${status}`, `the language model ${name} answers ${status}`] as const
  return status === 429 ? warning(...text, { zh, en }) : problem(...text, { zh, en })
}

function advice(status: number, hasKey: boolean): readonly [zh: string, en: string] {
  if (status === 401 || status === 403) return hasKey ? ['LLM_API_KEY 不被接受：检查是否属于这个接入点、是否过期。', 'LLM_API_KEY is not accepted: does it belong to this endpoint, has it expired?'] : ['设置 LLM_API_KEY。', 'Set LLM_API_KEY.']
  if (status === 404) return ['LLM_BASE_URL 的路径（通常以 /v1 结尾）或 LLM_MODEL 不对。', 'The path of LLM_BASE_URL (usually ending in /v1) or LLM_MODEL is wrong.']
  if (status === 400 || status === 422) return ['LLM_MODEL 不对，或接入点不兼容 OpenAI 接口。', 'LLM_MODEL is wrong, or the endpoint does not speak the OpenAI protocol.']
  if (status === 402 || status === 429) return ['额度或并发用尽：充值或稍后重试。', 'Quota or rate is used up: top up, or try later.']
  if (status >= 300 && status < 400) return ['接入点改了地址：改 LLM_BASE_URL。', 'The endpoint has moved: change LLM_BASE_URL.']
  return ['服务方故障，稍后重试。', 'The provider has a fault; try later.']
}
