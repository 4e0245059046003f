// The table of operations: wire name → operation. Does not know how they are served.
import { CancelCall } from './CancelCall.ts'
import { ClickToDial } from './ClickToDial.ts'
import { IvrCall } from './IvrCall.ts'
import type { Operation } from './operation.ts'
import { QueryCallDetailByCallId } from './QueryCallDetailByCallId.ts'
import { SingleCallByTts } from './SingleCallByTts.ts'
import { SingleCallByVoice } from './SingleCallByVoice.ts'
import { SmartCall } from './SmartCall.ts'
import { SmartCallOperate } from './SmartCallOperate.ts'

export const operations: Readonly<Record<string, Operation>> = { SmartCall, SmartCallOperate, SingleCallByTts, SingleCallByVoice, IvrCall, ClickToDial, CancelCall, QueryCallDetailByCallId }
