// Writes docs/outcomes.md from the tables that decide. A test holds that the page is up to date: `node tools/write-outcomes.ts` rewrites it.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { DEAD_AIR_MS_MAX, NO_AUDIO_MS_MAX } from '../src/call/dead-air.ts'
import { outcomes, type Outcome } from '../src/call/end-reason.ts'
import { codeTable, outcomeOfStatus } from '../src/call/outcome-table.ts'
import { programRoot } from '../src/config.ts'
import { adviceOn } from '../src/dialer/explain-advice.ts'
import { announcedWords, outcomeWords, toneWords } from '../src/dialer/explain-words.ts'
import { CLIP_MS_MAX } from '../src/speech/early-media/clip.ts'
import { announcementStatuses, announcementTable } from '../src/speech/early-media/announcement-table.ts'
import { statusOfTone } from '../src/speech/early-media/early-media.ts'
import { progressTones } from '../src/speech/early-media/tones.ts'

/** Outcomes that something else than the tables below leads to. */
const elsewhere: Readonly<Partial<Record<Outcome, string>>> = {
  answered: 'SIP 2xx. What the conversation came to is `conversation`.',
  assistant: 'SIP 2xx, and a machine picked up (below).',
  'line-fault': 'Also: the trunk cannot be reached, never answers, or answers without usable audio; an answer without a single packet; a failure of this system before the answer.',
  'no-answer': 'Also: our own limit of ringing; a false answer behind which nobody picked up.',
  concurrency: 'No free port or capacity here, or no free place on any trunk in time; trunks may name it in their own rows.',
  frequency: 'The limit of attempts to one callee, right before dialling; trunks may name it in their own rows.',
  window: 'Outside calling hours, right before dialling; trunks may name it in their own rows.',
  blacklist: 'The do-not-call list, when claimed or right before dialling.',
  'blind-area': "A trunk's own rows only: no areas are closed by configuration yet.",
  'bad-number': 'The never-dial list, when claimed or right before dialling.',
  'no-balance': 'The account cannot pay the first block.',
  cancelled: 'Stopped by the account before the answer, or by this system closing.',
  expired: 'Not dialled while the message was good.',
  interrupted: 'The process that ran the call died, or the call did not end in time.',
}

/** What a table leads to, by rule. */
export function rulesOf(outcome: Outcome): string[] {
  return [
    ...announcementStatuses.filter((status) => outcomeOfStatus[status] === outcome).map((status) => `text:${status}`),
    ...progressTones.filter((tone) => statusOfTone[tone] && outcomeOfStatus[statusOfTone[tone]] === outcome).map((tone) => `tone:${tone}`),
    ...codeTable.filter((row) => row.outcome === outcome).map(({ rule }) => rule),
  ]
}

/** How a call can come to this: never empty. */
export function waysTo(outcome: Outcome): string {
  const rules = rulesOf(outcome)
  return [rules.length > 0 ? rules.map((rule) => `\`${rule}\``).join(' ') : '', elsewhere[outcome] ?? ''].filter(Boolean).join('. ')
}

const codes = (sip: (typeof codeTable)[number]['sip']): string => sip.map((one) => (typeof one === 'number' ? `${one}` : `${one[0]}–${one[1]}`)).join(' ')
const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The page as text. */
export function outcomesPage(): string {
  const lines = [
    '# Outcomes: how the end of a call is decided',
    '',
    'Made from the tables in `src/call/outcome-table.ts`, `src/speech/early-media/announcement-table.ts` and `src/dialer/explain-advice.ts` by `tools/write-outcomes.ts`.',
    '`waihu why <call_id>` shows for one call what is listed here: stage, detail, announcement, tone, codes, the rule that decided, and advice.',
    '',
    '## Order',
    '',
    'The first that fits wins; `evidence.rule` names it.',
    '',
    "1. `trunk:<n>`: rows of the trunk's own about words (`outcomes` of the trunk, with `text`), counted from 1.",
    '2. `text:<announcement>`: what the network announced before the answer. `tone:<tone>`: a tone of refusal, where nothing was said that decides.',
    "3. `trunk:<n>`: rows of the trunk's own about codes only.",
    '4. `q850:<cause>`: the cause of a `Reason` header, under the statuses listed below.',
    '5. `sip:<status>`.',
    '',
    "A trunk's rows are `{\"sip\": 480, \"q850\": 31, \"text\": \"外呼+受限\", \"outcome\": \"carrier-blocked\"}`; every part that is given must fit, `text` in the notation",
    'of the announcement table (`A+B` both, `A|B` either, matched by its sound as well). None of them makes an answer of a refusal.',
    '',
    `A call is given up (CANCEL) only for an announcement or tone that is certain. What was heard is kept beside the recording (\`<call_id>.early.wav\`, A-law, ${CLIP_MS_MAX / 1_000} s at most, from`,
    'three seconds before anything but ringing was noticed) unless the call was answered or `RECORD=off`; `search_callinfo` shows it as `early_media_url`.',
    '',
    '## Outcomes',
    '',
    '| outcome | 中文 | comes from | advice |',
    '| --- | --- | --- | --- |',
    ...outcomes.map((outcome) => {
      const advice = adviceOn({ outcome, by: 'network', stage: 'ringing', detail: 'final-response', evidence: {} }, undefined)
      return `| \`${outcome}\` | ${outcomeWords[outcome].zh} | ${cell(waysTo(outcome))} | ${cell(advice?.en ?? '')} |`
    }),
    '',
    '## Announcements',
    '',
    'Looked for in this order. Certain: the line is freed at once.',
    '',
    '| rule | meaning | outcome | certain | cues |',
    '| --- | --- | --- | --- | --- |',
    ...announcementStatuses.map((status) => {
      const { terminal, cues } = announcementTable[status]
      const outcome = outcomeOfStatus[status]
      return `| \`text:${status}\` | ${announcedWords[status]!.zh} | ${outcome ? `\`${outcome}\`` : 'as the code says'} | ${terminal ? 'yes' : ''} | ${cell(cues.join('; '))} |`
    }),
    '',
    '## Tones',
    '',
    '450 Hz by cadence (GB/T 3380), special information tone, fax, howler and monitor tone; known in noise 15 dB below them.',
    '',
    '| tone | meaning | outcome |',
    '| --- | --- | --- |',
    ...progressTones.map((tone) => {
      const status = statusOfTone[tone]
      return `| \`${tone}\` | ${toneWords[tone]!.zh} | ${status && outcomeOfStatus[status] ? `\`${outcomeOfStatus[status]}\`` : 'evidence only'} |`
    }),
    '',
    '## Codes',
    '',
    '| rule | SIP | Q.850 | outcome |',
    '| --- | --- | --- | --- |',
    ...codeTable.map(({ rule, sip, q850, outcome }) => `| \`${rule}\` | ${codes(sip)} | ${q850 ?? ''} | \`${outcome}\` |`),
    '',
    '## After the answer',
    '',
    'Beside the conversation it is heard who picked up: a phone assistant (来电助手), a voicemail, a menu (IVR), an announcement of the network, or a fax. A machine is told by words',
    'that only machines say, by a beep after a long speech, or by the tone of a fax; how long somebody speaks, how fast they answered and how clean the line is add to that but',
    'never suffice, because to hang up on a person costs more than to greet a machine. Nothing waits for the verdict, and once somebody has said who they are there is none.',
    '`MACHINE_POLICY` says what follows: `hang-up` (default), `leave-message` (who called and that we call again; no fact, no name), `go-on`. A fax is always hung up on. No policy tells',
    'a machine a fact: facts are for somebody who said to be the person. The outcome is `assistant`, `conversation` is `machine`, `evidence.answeredBy` says who and why.',
    '',
    'Gateways that answer while the telephone still rings (ring-back in the audio after the 200) are recognised: the opening waits for a voice or for the ringing to end, and',
    '`evidence.falseAnswerMs` tells how long it went on. Billing follows the SIP answer all the same, as the carrier\'s does.',
    '',
    `An answer without a single packet is hung up after ${NO_AUDIO_MS_MAX / 1_000} s (\`no-audio-received\`, \`line-fault\`), sound that stops after ${DEAD_AIR_MS_MAX / 1_000} s (\`audio-stopped\`). Hold, by either side, is no dead air.`,
    '',
  ]
  return lines.join('\n')
}

if (process.argv[1] === import.meta.filename) writeFileSync(path.join(programRoot, 'docs/outcomes.md'), outcomesPage())
