// The table of cases, in the order of the documents. A new file of cases is one line here.
import type { Case } from '../case.ts'
import { conversationCases } from './conversation.ts'
import { credentialCases } from './credentials.ts'
import { gatewayCases } from './gateway.ts'
import { inboundCases } from './inbound.ts'
import { receiptCases } from './receipts.ts'
import { singleCallCases } from './single-calls.ts'
import { smartCallCases } from './smart-call.ts'

export const cases: readonly Case[] = [...gatewayCases, ...credentialCases, ...smartCallCases, ...conversationCases, ...inboundCases, ...singleCallCases, ...receiptCases]
