// Knows what an HTTP answer of a speech service says is wrong. Does not know what was asked.
import { ProviderError } from '../../errors.ts'

const WORDS_MAX = 300

/** Reads the error body of OpenAI's form, or any other. Never rejects. */
export async function httpError(provider: string, response: Response): Promise<ProviderError> {
  const body = await response.text().catch(() => '')
  const words = (/"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body).replace(/\s+/g, ' ').slice(0, WORDS_MAX)
  const advice = response.status === 401 || response.status === 403 ? 'the key was not accepted: check it and what it may be used for' : response.status === 404 ? 'the address or the model is wrong' : response.status === 429 ? 'too many requests or no credit left' : 'the request failed'
  return new ProviderError(provider, `${advice} (HTTP ${response.status}${words === '' ? '' : `: ${words}`})`, response.status === 429 || response.status >= 500)
}
