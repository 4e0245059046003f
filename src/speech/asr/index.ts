// The table of speech recognition providers: name → how to make one. Adding one is a file and a line here.
import { BuiltinAsr, type BuiltinAsrOptions } from './builtin/provider.ts'
import type { AsrProvider } from './provider.ts'

/** What the operator may set, per provider. */
export type AsrSettings = {
  builtin?: BuiltinAsrOptions
}

/** Makes a provider; it starts nothing before warmUp() or open(). */
export type AsrFactory = (settings: AsrSettings) => AsrProvider

export const asrProviders = {
  builtin: (settings) => new BuiltinAsr(settings.builtin),
} as const satisfies Record<string, AsrFactory>

export type AsrProviderName = keyof typeof asrProviders
