// Writes docs/operations.md from the table of options. A test holds that the page is up to date: `node tools/write-operations.ts` rewrites it.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { optionGroups, programRoot } from '../src/config.ts'

type Row = { env: string; default: string; help: string; secret?: boolean }

/** The page as text. */
export function operationsPage(): string {
  const lines = [
    '# Operations',
    '',
    'Every option is an environment variable, read once at the start; a wrong one is named and nothing starts. An empty variable counts as not set.',
    '`npm start -- --help` prints the same list. This page is made from the table in `src/config.ts` by `tools/write-operations.ts`.',
    '',
  ]
  for (const [title, options] of Object.entries(optionGroups)) {
    lines.push(`## ${title}`, '', '| variable | default | meaning |', '| --- | --- | --- |')
    for (const option of Object.values(options) as Row[]) lines.push(`| \`${option.env}\` | ${option.default === '' ? '' : `\`${option.default}\``} | ${option.help.replaceAll('|', '\\|')}${option.secret ? ' Secret: never logged.' : ''} |`)
    lines.push('')
  }
  lines.push(
    '`LOG_LEVEL` (trace, debug, info, warn, error, silent; default info) sets how much is written to stderr, one JSON object a line. Logs hold no speech, no full numbers and no keys.',
    '',
    '## Watching it',
    '',
    '* `GET /healthz`: 200 while calls can be accepted (`ok`, or `degraded` when the carrier is away), 503 when the database is away.',
    '* `GET /metrics`: Prometheus text. `npm run waihu -- why <call_id>` tells one call.',
    '',
    '## Data',
    '',
    '`DATA_DIR` holds `postgres/` (the embedded database), `recordings/<call_id>.wav` (two channels: left the callee, right the robot), `traces/` (SIP messages, where kept), `demo-account.json` (mode 600),',
    '`link-secret`, and `secret-key` (mode 600): without it, or the `SECRET_KEY` in its place, the passwords of trunks cannot be read, so back it up apart from the database. One server at a time owns it. Stop with SIGTERM: calls in progress get ten seconds to end by themselves. After `kill -9` just start again: the',
    'database is adopted, calls that were in progress are closed as `interrupted`, and none is dialled again.',
    '',
    '## Recordings',
    '',
    'Written to `recordings/` while the call goes on. With `S3_BUCKET` each is moved to the store within seconds of its end (Alibaba Cloud OSS, Tencent COS, AWS, MinIO …: whatever',
    'takes SigV4 and `PUT`, `HEAD`, `GET` with ranges, `DELETE`); while the store is away they wait in the folder, over restarts too, and the log says so. Download links stay the same.',
    'After `RECORDING_DAYS` a recording and the sound before an unanswered call are removed wherever they lie; the call keeps the moment of it (`calls.recording_removed_at`). Nothing',
    'that is not the recording of an ended call on record is ever removed. Every file carries the label of GB 45438 in a RIFF chunk `AIGC` that players skip: set `AIGC_PRODUCER` to your',
    'registered name or code. The label and the audio of a file cut by a crash are kept; the file is mended at the next start.',
    '',
  )
  return lines.join('\n')
}

if (process.argv[1] === import.meta.filename) writeFileSync(path.join(programRoot, 'docs/operations.md'), operationsPage())
