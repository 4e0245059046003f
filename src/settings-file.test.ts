import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { withSettings, writeSettings } from './settings-file.ts'

void test('what a command chose is read at the next start, and the environment wins as a whole', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'waihu-settings-'))
  try {
    assert.deepEqual(withSettings({ DATA_DIR: dataDir }), { DATA_DIR: dataDir })
    writeSettings(dataDir, { ASR: 'sherpa', ASR_MODEL: 'sense-voice' })
    const file = writeSettings(dataDir, { TTS: 'sherpa', TTS_MODEL: 'melo' })
    const { asr, asrModel, tts } = readConfig(withSettings({ DATA_DIR: dataDir, ASR_MODEL: '' }))
    assert.deepEqual([asr, asrModel, tts], ['sherpa', 'sense-voice', 'sherpa'])
    const own = withSettings({ DATA_DIR: dataDir, ASR: 'builtin' })
    assert.deepEqual([own['ASR'], own['ASR_MODEL'], own['TTS']], ['builtin', undefined, 'sherpa'], 'the model of another recogniser is not meant')
    writeSettings(dataDir, { TTS: '', TTS_MODEL: '' })
    assert.equal(withSettings({ DATA_DIR: dataDir })['TTS'], undefined)
    assert.match(readFileSync(file, 'utf8'), /^# .*\nASR=sherpa\nASR_MODEL=sense-voice\n$/)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
