// GET skill_version: which version clients must name. Needs no key, so that an outdated client can ask.
import { z } from 'zod'
import { action, callinfo } from './action.ts'
import { skillVersion } from './wire.ts'

export const skill_version = action({
  method: 'GET',
  path: `${callinfo}/skill_version`,
  tag: '其他',
  summary: '脚本版本',
  needs: { key: false, version: false },
  answer: z.object({ skill_version: z.string().meta({ examples: [skillVersion] }) }),
  handle: () => Promise.resolve({ skill_version: skillVersion }),
})
