// Knows how a script is read from a file and written to one, and where in the file a problem stands. Does not know what makes a script fit: check-script.ts does.
import { isMap, parseDocument, stringify } from 'yaml'
import { InvalidInputError } from '../../errors.ts'
import { readYaml } from '../../yaml-lines.ts'
import { checkScript, type Problem } from './check-script.ts'
import { type Script, scriptSchema } from './schema.ts'

/** A problem with its place: `file:line: path: message`. */
export type PlacedProblem = Problem & { line: number }

/** Scripts are small; what is larger is something else. */
const scriptBytesMax = 512 * 1024

/** Reads YAML or JSON. `script` is undefined when there are problems. */
export function readScript(source: string): { script: Script | undefined; problems: readonly PlacedProblem[] } {
  const form = (line: number, message: string, path: readonly PropertyKey[] = []): PlacedProblem => ({ path, code: 'form', message, line })
  if (Buffer.byteLength(source) > scriptBytesMax) return { script: undefined, problems: [form(1, `超过 ${scriptBytesMax / 1024} KB is larger than that`)] }
  const text = readYaml(source)
  if (text.broken.length > 0) return { script: undefined, problems: text.broken.map(({ line, message }) => form(line, `不是 YAML is no YAML: ${message}`)) }
  const parsed = scriptSchema.safeParse(text.value)
  if (!parsed.success) return { script: undefined, problems: parsed.error.issues.map(({ path, message }) => form(text.lineOf(path), message, text.knownPart(path))) }
  const problems = checkScript(parsed.data).map((problem) => ({ ...problem, path: text.knownPart(problem.path), line: text.lineOf(problem.path) }))
  return { script: problems.length > 0 ? undefined : parsed.data, problems }
}

export function describeProblem({ line, path, message }: PlacedProblem, file: string): string {
  return `${file}:${line}: ${path.length === 0 ? '' : `${path.map(String).join('.')}: `}${message}`
}

/** Errors: InvalidInputError with every problem on a line of its own. */
export function scriptOf(source: string, file: string): Script {
  const { script, problems } = readScript(source)
  if (!script) throw new InvalidInputError('script', problems.map((problem) => describeProblem(problem, file)).join('\n'))
  return script
}

/** The script as YAML that reads as the same script again. */
export function writeScript(script: Script): string {
  return stringify(script, { lineWidth: 0 })
}

/** The same text with another number, comments and order kept. Errors: InvalidInputError when it is no text of a script. */
export function numbered(source: string, version: number): string {
  const document = parseDocument(source)
  if (document.errors.length > 0 || !isMap(document.contents)) throw new InvalidInputError('script', '不是 YAML is no YAML')
  if (document.get('version') === version) return source
  document.set('version', version)
  // JSON is YAML in one flow; it stays what it was.
  return /^\s*\{/u.test(source) ? `${JSON.stringify(document.toJS(), undefined, 2)}\n` : document.toString({ lineWidth: 0 })
}

/** What a text calls itself, fit or not. Undefined: no id that a script could have. */
export function titleOf(source: string): { id: string; title: string; purpose: string } | undefined {
  if (Buffer.byteLength(source) > scriptBytesMax) return undefined
  const { value } = readYaml(source)
  const named = (key: string): unknown => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined)
  const id = scriptSchema.shape.id.safeParse(named('id'))
  const [title, purpose] = [named('title'), named('purpose')]
  return id.success ? { id: id.data, title: typeof title === 'string' ? title : id.data, purpose: typeof purpose === 'string' && scriptSchema.shape.purpose.safeParse(purpose).success ? purpose : '' } : undefined
}

/** A text that was checked when it was published. What is checked since does not take it back. */
export function storedScript(source: string): Script {
  return scriptSchema.parse(readYaml(source).value)
}
