// The table of operations: wire name → operation. Does not know how they are served.
import { CancelCall } from './CancelCall.ts'
import { IvrCall } from './IvrCall.ts'
import type { Operation } from './operation.ts'
import { QueryCallDetailByCallId } from './QueryCallDetailByCallId.ts'
import { SingleCallByTts } from './SingleCallByTts.ts'
import { SingleCallByVoice } from './SingleCallByVoice.ts'

export const operations: Readonly<Record<string, Operation>> = { SingleCallByTts, SingleCallByVoice, IvrCall, CancelCall, QueryCallDetailByCallId }
