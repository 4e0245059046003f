// Knows how the options of language models are read: one, or several by position. Does not know how models are asked.
import { InvalidInputError } from '../../errors.ts'

export type LlmSettings = { baseUrl: string | undefined; apiKey: string | undefined; model: string }
export type LlmEndpoint = { baseUrl: string; apiKey: string | undefined; model: string }

/** Best first; empty without LLM_BASE_URL. A single key or model is that of all. Errors: InvalidInputError that names the option. */
export function endpointsOf({ baseUrl, apiKey, model }: LlmSettings): LlmEndpoint[] {
  const urls = listed(baseUrl)
  for (const url of urls) if (!URL.canParse(url)) throw new InvalidInputError('LLM_BASE_URL', `LLM_BASE_URL '${url}' 不是地址。 LLM_BASE_URL '${url}' is no address: write https://host/v1`)
  const of = (option: string, text: string | undefined): ((i: number) => string | undefined) => {
    const values = listed(text, true)
    if (values.length > Math.max(1, urls.length)) throw new InvalidInputError(option, `${option} 的项数多于 LLM_BASE_URL。 ${option} has more entries than LLM_BASE_URL`)
    return (i) => (values.length === 1 ? values[0] : values[i]) || undefined
  }
  const [keyOf, modelOf] = [of('LLM_API_KEY', apiKey), of('LLM_MODEL', model)]
  return urls.map((url, i) => ({ baseUrl: url, apiKey: keyOf(i), model: modelOf(i) ?? listed(model)[0]! }))
}

function listed(text: string | undefined, keepsEmpty = false): string[] {
  return (text ?? '').split(',').map((word) => word.trim()).filter((word) => keepsEmpty || word !== '')
}
