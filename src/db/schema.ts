// Knows the columns of every table as sql/*.sql leaves them. Does not know queries: those are in one file per table.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { EndReason } from '../call/end-reason.ts'
import type { StoredJudgement } from '../call/stored-judgement.ts'
import type { CallEvent } from '../events.ts'
import type { ReceiptKind } from './receipt-moments.ts'

/** Read as a value, written as JSON text, so that an array cannot be taken for a PostgreSQL array. */
type Json<T> = ColumnType<T, string, string>
type NullableJson<T> = ColumnType<T | null, string | null, string | null>
/** Set by the database when it is not given. */
type DefaultNow = ColumnType<Date, Date | undefined, Date>

export type AccountsTable = {
  id: string
  name: string
  organisation: string | null
  webhook_url: string | null
  webhook_secret: string | null
  price_li_per_min: number | null
  initial_block_sec: number | null
  increment_sec: number | null
  created_at: DefaultNow
  closed_at: Date | null
}

export type ApiKeysTable = {
  id: GeneratedAlways<number>
  account_id: string
  sha256: Buffer
  prefix: string
  label: Generated<string>
  created_at: DefaultNow
  last_used_at: Date | null
  revoked_at: Date | null
  admin: Generated<boolean>
}

export type AccessKeysTable = {
  id: string
  account_id: string
  /** Sealed. */
  secret: Buffer
  label: Generated<string>
  enabled: Generated<boolean>
  created_at: DefaultNow
  last_used_at: Date | null
  removed_at: Date | null
}

export type UsedNoncesTable = {
  digest: Buffer
  request_id: string
  used_at: Date
}

export type CallTicketsTable = {
  call_id: string
  account_id: string
  wire_id: string
  product: 'voice' | 'tts' | 'ivr' | 'click-to-dial' | 'smart' | 'robot'
  shown_number: string
  out_id: string | null
}

export type TtsTemplatesTable = {
  account_id: string
  code: string
  name: string
  text: string
  state: 'pending' | 'approved' | 'rejected'
  says_synthetic: boolean
  created_at: DefaultNow
}

export type ScriptsTable = {
  owner: string
  id: string
  title: string
  purpose: string
  draft: string | null
  draft_revision: Generated<number>
  draft_state: Generated<'draft' | 'submitted' | 'refused'>
  draft_why: Generated<string>
  draft_at: Date | null
  published_version: number | null
  published_at: Date | null
  retired_at: Date | null
  created_at: DefaultNow
  number: GeneratedAlways<number>
}

export type ScriptVersionsTable = {
  owner: string
  id: string
  version: number
  source: string
  sha256: Buffer
  created_at: DefaultNow
}

export type AccountNumbersTable = {
  account_id: string
  number: string
  created_at: Generated<Date>
}

export type CallbackServersTable = {
  account_id: string
  url: string
  parameters: 'form' | 'query'
  timeout_ms: number
  retries_max: number
  waiting: string
  fallback: string
  closing: string
  says_synthetic: boolean
  call_centres: Json<Record<string, string>>
}

export type WalletsTable = {
  account_id: string
  balance_li: Generated<number>
  held_li: Generated<number>
}

export type LedgerKind = 'credit' | 'hold' | 'extend' | 'settle' | 'release'

export type LedgerEntriesTable = {
  id: GeneratedAlways<number>
  account_id: string
  kind: LedgerKind
  call_id: string | null
  step: Generated<number>
  reference: string | null
  balance_delta_li: number
  held_delta_li: number
  created_at: DefaultNow
}

export type CallStatus = 'queued' | 'dialing' | 'ringing' | 'talking' | 'ended'

export type CallsTable = {
  id: string
  account_id: string
  source: string
  phone: string
  phone_as_given: string
  user_requirement: string
  robot: Json<unknown>
  line: string
  status: Generated<CallStatus>
  due_at: DefaultNow
  expires_at: Date
  waiting_for: 'window' | 'frequency' | 'line' | 'balance' | null
  stop_requested_at: Date | null
  lease_owner: string | null
  lease_until: Date | null
  heartbeat_at: Date | null
  fence: Generated<number>
  attempt: Generated<number>
  price_li_per_min: number
  initial_block_sec: number
  increment_sec: number
  created_at: DefaultNow
  dialing_at: Date | null
  ringing_at: Date | null
  answered_at: Date | null
  ended_at: Date | null
  outcome: string | null
  conversation: string | null
  ended_by: string | null
  end_reason: NullableJson<EndReason>
  talk_ms: number | null
  billed_sec: number | null
  cost_li: number | null
  summary: string | null
  slots: NullableJson<Record<string, string>>
  judgement: NullableJson<StoredJudgement>
  calls_back: Generated<boolean>
  call_back_of: string | null
  recording: string | null
  recording_removed_at: Date | null
  dialog: NullableJson<unknown>
  trunk_wanted: string | null
  caller_wanted: string | null
  trunk: string | null
  caller_id: string | null
  task_id: number | null
  task_seq: number | null
}

export type CallAttemptsTable = {
  call_id: string
  attempt: number
  trunk: string
  caller_id: string
  started_at: Date
}

export type TrunksTable = {
  name: string
  config: Json<unknown>
  secrets: Buffer | null
  enabled: boolean
  version: Generated<number>
  created_at: DefaultNow
  updated_at: DefaultNow
}

export type TrunkStatesTable = {
  trunk: string
  backing_off_until: Date | null
  backing_off_because: string | null
  backing_off_steps: Generated<number>
  backing_off_since: Date | null
  faults_in_row: Generated<number>
  suspect_until: Date | null
  suspect_because: string | null
  recent: Json<unknown>
  failures: Json<unknown>
}

export type TrunkNodesTable = {
  trunk: string
  node: string
  up: boolean
  detail: Json<unknown>
  renewed_at: Date
}

export type TrunkCallersTable = {
  trunk: string
  caller_id: string
  last_used_at: Date
}

export type CallEventsTable = {
  call_id: string
  seq: number
  at: Date
  event: Json<CallEvent>
}

export type CallCommandsTable = {
  id: string
  call_id: string
  command: Json<unknown>
  created_at: DefaultNow
  expires_at: Date
  taken_at: Date | null
  result: NullableJson<unknown>
}

export type ReceiptTargetsTable = {
  account_id: string
  kind: ReceiptKind
  url: string
}

export type CallLegsTable = {
  id: GeneratedAlways<number>
  call_id: string
  trunk: string
  caller_id: string
  phone: string
  is_attempt: Generated<boolean>
  started_at: Date
  ended_at: Date | null
}

export type IdempotencyKeysTable = {
  account_id: string
  key: string
  body_sha256: Buffer
  call_ids: string[]
  created_at: DefaultNow
}

export type WordReadingsTable = {
  id: GeneratedAlways<number>
  account_id: string | null
  word: string
  pinyin: string | null
  say: string | null
  created_at: Date
}

export type DoNotCallTable = {
  id: GeneratedAlways<number>
  account_id: string | null
  phone: string
  source: 'callee' | 'account' | 'operator' | 'import'
  call_id: string | null
  evidence: Generated<string>
  created_at: DefaultNow
  expires_at: Date | null
  removed_at: Date | null
  removed_by: string | null
}

export type NumberFlagsTable = {
  account_id: string
  phone: string
  flag: string
  call_id: string
  created_at: DefaultNow
}

export type WebhookDeliveriesTable = {
  id: string
  account_id: string
  call_id: string
  url: string
  payload: Json<unknown>
  attempts: Generated<number>
  due_at: DefaultNow
  delivered_at: Date | null
  dead_at: Date | null
  last_error: string | null
  created_at: DefaultNow
}

export type TasksTable = {
  id: GeneratedAlways<number>
  account_id: string
  name: string
  script_id: string
  script_version: number
  source: string
  plan: Json<unknown>
  remembered: Json<Record<string, unknown>>
  status: Generated<string>
  why: string | null
  why_detail: string | null
  schedule_at: Date | null
  created_at: DefaultNow
  started_at: Date | null
  finished_at: Date | null
  removed_at: Date | null
  waiting_for: string | null
  line_down_since: Date | null
  recent: Generated<string[]>
  total: Generated<number>
  waiting: Generated<number>
  waiting_retry: Generated<number>
  waiting_frequency: Generated<number>
  calling: Generated<number>
  done: Generated<number>
  refused: Generated<number>
  taken_back: Generated<number>
  answered: Generated<number>
  attempts: Generated<number>
  talk_ms: Generated<number>
  cost_li: Generated<number>
}

export type TaskNumbersTable = {
  task_id: number
  seq: GeneratedAlways<number>
  phone: string
  phone_as_given: string
  vars: Json<Record<string, string>>
  state: Generated<string>
  due_at: DefaultNow
  waiting_for: string | null
  attempts: Generated<number>
  past: Generated<string[]>
  last_call_id: string | null
  outcome: string | null
  conversation: string | null
  label: string | null
  answered: Generated<boolean>
  talk_ms: Generated<number>
  cost_li: Generated<number>
  added_at: DefaultNow
  expires_at: Date | null
}

export type TaskBatchesTable = {
  task_id: number
  key: string
  body_sha256: Buffer
  answer: Json<unknown>
  created_at: DefaultNow
}

export type Schema = {
  tasks: TasksTable
  task_numbers: TaskNumbersTable
  task_batches: TaskBatchesTable
  accounts: AccountsTable
  api_keys: ApiKeysTable
  access_keys: AccessKeysTable
  used_nonces: UsedNoncesTable
  call_tickets: CallTicketsTable
  tts_templates: TtsTemplatesTable
  callback_servers: CallbackServersTable
  account_numbers: AccountNumbersTable
  scripts: ScriptsTable
  script_versions: ScriptVersionsTable
  receipt_targets: ReceiptTargetsTable
  wallets: WalletsTable
  ledger_entries: LedgerEntriesTable
  calls: CallsTable
  call_events: CallEventsTable
  call_commands: CallCommandsTable
  call_legs: CallLegsTable
  call_attempts: CallAttemptsTable
  trunks: TrunksTable
  trunk_states: TrunkStatesTable
  trunk_nodes: TrunkNodesTable
  trunk_callers: TrunkCallersTable
  idempotency_keys: IdempotencyKeysTable
  do_not_call: DoNotCallTable
  word_readings: WordReadingsTable
  number_flags: NumberFlagsTable
  webhook_deliveries: WebhookDeliveriesTable
}
