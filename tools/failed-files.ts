// A reporter for `node --test`: the files in which something failed, one a line. A file that ends badly by itself counts.
import path from 'node:path'
import type { TestEvent } from 'node:test/reporters'

export default async function* failedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const told = new Set<string>()
  for await (const { type, data } of events) {
    if (type !== 'test:fail') continue
    const file = data.file ?? (data.name.endsWith('.test.ts') ? path.resolve(data.name) : undefined)
    // Tests may stand in a file that a test file imports; that one fails as well.
    if (file === undefined || !file.endsWith('.test.ts') || told.has(file)) continue
    told.add(file)
    yield `${file}\n`
  }
}
