// Knows how a provider says which option it lacks. Does not know providers.
import { InvalidInputError } from '../errors.ts'

/** The value of an option that the chosen provider cannot do without. Errors: InvalidInputError that names the option and shows an example. */
export function needed<T>(option: string, value: T | undefined, example: string): T {
  if (value === undefined) throw new InvalidInputError(option, `所选的语音服务需要 ${option}。 The chosen speech service needs ${option}: ${example}`)
  return value
}
