// Reads the files that commands about scripts (话术) are given. Does not know what is in them.
import { readFileSync } from 'node:fs'
import { InvalidInputError } from '../errors.ts'

/** Errors: InvalidInputError. */
export function sourceOf(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch (error) {
    throw new InvalidInputError('file', `读不到 ${name}。 ${name} cannot be read: ${(error as Error).message}`)
  }
}
