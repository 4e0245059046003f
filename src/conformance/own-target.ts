// Whom the suite calls when the target is this project's own server with its simulated carrier. Does not know how the server is started.
import type { CalleeKind } from './case.ts'

/** Numbers of the simulated carrier. */
export const ownCallees: Readonly<Record<CalleeKind, string>> = {
  busy: '13800138001',
  silent: '13800138014',
  speaks: '13800138000',
  interrupts: '13800138011',
  presses: '13800138018',
  rings: '13800138002',
  announces: '13800138003',
  colleague: '13900139017',
}
