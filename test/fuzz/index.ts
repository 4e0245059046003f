// The kinds of fuzzing, by name, with the share of inputs each gets.
import type { FuzzKind } from './fuzz-kind.ts'
import { agent } from './agent-kind.ts'
import { decoders, port, rtcp, srtp } from './media-kinds.ts'
import { rpc } from './rpc-kind.ts'
import { message, sdp, stream, values } from './sip-kinds.ts'
import { list, workbook } from './table-kinds.ts'

export const fuzzKinds: Readonly<Record<string, { kind: FuzzKind; share: number }>> = {
  message: { kind: message, share: 0.2 },
  stream: { kind: stream, share: 0.08 },
  values: { kind: values, share: 0.11 },
  sdp: { kind: sdp, share: 0.15 },
  agent: { kind: agent, share: 0.15 },
  port: { kind: port, share: 0.1 },
  decoders: { kind: decoders, share: 0.02 },
  rtcp: { kind: rtcp, share: 0.06 },
  srtp: { kind: srtp, share: 0.04 },
  rpc: { kind: rpc, share: 0.05 },
  list: { kind: list, share: 0.035 },
  workbook: { kind: workbook, share: 0.005 },
}
