// Puts together what scenarios of scripts (话术) need to be held in sound. Does not know scripts or what is right.
import { AudioLab } from '../eval/audio-lab.ts'
import type { HoldScripted } from '../eval/script-scenarios.ts'
import { log } from '../log.ts'
import { openAsr, openTts, voiceOf } from '../speech-options.ts'
import { SynthesisCache } from '../speech/tts/cache.ts'
import { cliConfig } from './context.ts'

/** Real SIP, RTP and speech between the robot and callees who follow the scenarios, in real time. What it opens is closed with `stack`. */
export async function scriptedInAudio(stack: AsyncDisposableStack): Promise<HoldScripted> {
  if (!process.env['LOG_LEVEL']) log.level = 'error'
  const config = cliConfig()
  const asr = stack.use(openAsr(config))
  const tts = stack.use(new SynthesisCache(openTts(config)))
  const lab = stack.use(await AudioLab.start({ asr, tts, voice: voiceOf(config), portMin: config.rtpPortMin, portMax: config.rtpPortMax, log }))
  return (scripted, variation, robot) => lab.hold(scripted, { variation, robot: (_scripted, { sinceAnswerMs }) => robot(sinceAnswerMs) })
}
