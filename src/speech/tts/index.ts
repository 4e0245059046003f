// The table of speech synthesis: a name in the configuration → what makes the provider. A new provider adds one line here.
import { createEspeak } from './espeak/provider.ts'
import type { TtsProvider } from './provider.ts'

export const ttsProviders = {
  espeak: () => createEspeak(),
} satisfies Record<string, () => TtsProvider>

export type TtsProviderName = keyof typeof ttsProviders
