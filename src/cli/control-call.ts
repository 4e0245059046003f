// Has a running call do something and says what came of it. Shared by the commands that do so; does not know which there are.
import { cliClient, cliConfig } from './context.ts'

/** `wish` as the API takes it. Errors: CliError with the server's words. */
export async function controlCall(callId: string, wish: { action: string } & Record<string, unknown>): Promise<void> {
  const { state, message } = await cliClient(cliConfig()).post('/api/v1/callinfo/control', { call_id: callId, ...wish })
  console.log(`${String(message)}（${String(state)}）`)
}

export const callIdArg = { type: 'positional', required: true, description: 'call_id' } as const
