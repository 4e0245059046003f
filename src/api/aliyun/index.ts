// The table of operations: wire name → operation. Does not know how they are served.
import type { Operation } from './operation.ts'

export const operations: Readonly<Record<string, Operation>> = {}
