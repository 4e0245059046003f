// A reporter for `node --test`: the files in which something failed, one a line. A file that ends badly by itself counts.
import path from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const told = new Set<string>()
  for await (const { type, data } of events) {
    if (type !== 'test:fail') continue
    const file = data.file ?? (data.name.endsWith('.test.ts') ? path.resolve(data.name) : undefined)
    if (file === undefined || told.has(file)) continue
    told.add(file)
    yield `${file}\n`
  }
}
