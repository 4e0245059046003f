import { writeFile } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'

export const trace = defineCommand({
  meta: { name: 'trace', description: '一通电话的 SIP 消息（要先打开线路的 trace 或 SIP_TRACE=on）。 The SIP messages of a call, where traces are kept.' },
  args: {
    call_id: { type: 'positional', required: true, description: 'call_id' },
    pcap: { type: 'string', description: '存成抓包文件，用 Wireshark 打开 write a capture for Wireshark to this file' },
  },
  async run({ args }) {
    const bytes = await cliClient(cliConfig()).bytes(`/api/v1/callinfo/trace/${encodeURIComponent(args.call_id)}?format=${args.pcap === undefined ? 'text' : 'pcap'}`)
    if (args.pcap === undefined) {
      process.stdout.write(bytes)
      return
    }
    // It names who called whom.
    await writeFile(args.pcap, bytes, { mode: 0o600 })
    console.log(`${args.pcap}  ${bytes.length} bytes`)
  },
})
