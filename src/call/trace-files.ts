// Knows where the SIP trace of a call is kept: a text to read and a capture to open. Does not know what is in them.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CallTrace } from '../sip/trace.ts'

export type TraceFiles = { ladder: string; pcap: string }

/** Where the trace of that call is, if there is one. */
export function traceFiles(folder: string, callId: string): TraceFiles {
  return { ladder: path.join(folder, `${callId}.txt`), pcap: path.join(folder, `${callId}.pcap`) }
}

/** Closes the trace and writes both, for the owner's eyes only: it names who called whom. Errors: the system's. */
export async function keepTrace(trace: CallTrace, folder: string, callId: string): Promise<void> {
  trace.close()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = traceFiles(folder, callId)
  await Promise.all([writeFile(files.ladder, trace.ladder(), { mode: 0o600 }), writeFile(files.pcap, trace.pcap(), { mode: 0o600 })])
}
