// Knows the options that commands have chosen and the server reads at its next start: DATA_DIR/settings.env. The environment wins. Does not know what options do.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** A choice of a provider and its model belong together: when the environment names the provider, the file's model is not meant. */
const groups = ['ASR', 'TTS', 'VAD'] as const

const fileOf = (dataDir: string): string => path.join(dataDir, 'settings.env')

/** The environment, with the file's choices where it says nothing. */
export function withSettings(env: Env): Env {
  const chosen = readSettings(env['DATA_DIR'] || './data')
  const meant = Object.entries(chosen).filter(([name]) => !groups.some((group) => (name === group || name.startsWith(`${group}_`)) && (env[group] || env[`${group}_MODEL`])))
  return { ...Object.fromEntries(meant), ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')) }
}

/** NAME=value a line; lines of another form and # comments are left alone. */
export function readSettings(dataDir: string): Record<string, string> {
  let text: string
  try {
    text = readFileSync(fileOf(dataDir), 'utf8')
  } catch {
    return {}
  }
  return Object.fromEntries(text.split('\n').flatMap((line) => {
    const found = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim())
    return found ? [[found[1]!, found[2]!]] : []
  }))
}

/** Adds to what was chosen before; an empty value takes a choice back. Written whole or not at all. */
export function writeSettings(dataDir: string, settings: Readonly<Record<string, string>>): string {
  const all = Object.entries({ ...readSettings(dataDir), ...settings }).filter(([, value]) => value !== '')
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  const file = fileOf(dataDir)
  writeFileSync(`${file}.new`, `# Chosen by commands such as \`waihu models use\`; the environment wins.\n${all.map(([name, value]) => `${name}=${value}\n`).join('')}`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return file
}
