// The StepOne-compatible face of the whole program: real HTTP in front, real SIP, audio and speech behind.
// One program for all groups: starting it takes longer than most of what is asked of it, and so does waiting for real conversations.
// Runs alone: its groups call side by side.
import { after, before, describe } from 'node:test'
import { badInput } from './stepone-face/bad-input.ts'
import { money } from './stepone-face/money.ts'
import { scripts } from './stepone-face/scripts.ts'
import { stops } from './stepone-face/stops.ts'
import { stream } from './stepone-face/stream.ts'
import { webhook } from './stepone-face/webhook.ts'
import { Platform } from './world/platform.ts'

describe('the StepOne face of the whole program', { concurrency: true }, () => {
  let started: Platform
  before(async () => {
    started = await Platform.start({ WEBHOOK_PRIVATE: 'on' })
  })
  after(() => started[Symbol.asyncDispose]())

  const platform = () => started
  for (const group of [stream, scripts, webhook, money, stops, badInput]) group(platform)
})
