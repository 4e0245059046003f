// The table of StepOne actions: wire name → action. Does not know how they are served.
import { create_access_key, create_temporary_access_key, list_access_keys, remove_access_key, set_access_key } from './access_keys.ts'
import { account_balance } from './account_balance.ts'
import { account_webhook, set_account_webhook } from './account_webhook.ts'
import type { Action } from './action.ts'
import { callback_server, remove_callback_server, set_callback_server } from './callback_server.ts'
import { cancel } from './cancel.ts'
import { control } from './control.ts'
import { add_do_not_call, list_do_not_call, remove_do_not_call } from './do_not_call.ts'
import { early_media } from './early_media.ts'
import { explain } from './explain.ts'
import { hang_up } from './hang_up.ts'
import { initiate_call } from './initiate_call.ts'
import { list_readings, preview_reading, remove_reading, set_reading } from './readings.ts'
import { failed_receipts, receipts, replay_receipts, set_receipts, test_receipts } from './receipts.ts'
import { recording } from './recording.ts'
import { list_reports, report } from './reports.ts'
import { check_script, discard_script, get_script, list_scripts, publish_script, put_script, refuse_script, retire_script, rollback_script, script_source, simulate_script, submit_script } from './scripts.ts'
import { search_callinfo } from './search_callinfo.ts'
import { skill_version } from './skill_version.ts'
import { stream_chat_history } from './stream_chat_history.ts'
import { cancel_task_import, create_task_import, list_task_imports, list_template, preview_task_import, start_task_import, task_import, task_import_refused, task_results, upload_task_import } from './task_imports.ts'
import { add_task_numbers, cancel_task, cancel_task_schedule, create_task, get_task, list_task_calls, list_task_numbers, list_tasks, pause_task, remove_task, resume_task, start_task, take_back_task_numbers, task_progress } from './tasks.ts'
import { trace } from './trace.ts'
import { add_account_number, list_account_numbers, own_numbers, remove_account_number } from './numbers.ts'
import { list_tts_templates, remove_tts_template, set_tts_template } from './tts_templates.ts'
import { list_voice_files, put_voice_file, remove_voice_file } from './voice_files.ts'
import { delete_trunk, get_trunk, list_trunks, put_trunk, trunk_state } from './trunks.ts'

export const actions = {
  initiate_call,
  search_callinfo,
  stream_chat_history,
  explain,
  hang_up,
  control,
  cancel,
  recording,
  early_media,
  trace,
  create_task,
  list_tasks,
  get_task,
  task_progress,
  add_task_numbers,
  list_task_numbers,
  take_back_task_numbers,
  list_task_calls,
  start_task,
  pause_task,
  resume_task,
  cancel_task,
  cancel_task_schedule,
  remove_task,
  account_balance,
  account_webhook,
  set_account_webhook,
  list_access_keys,
  create_access_key,
  create_temporary_access_key,
  set_access_key,
  remove_access_key,
  callback_server,
  set_callback_server,
  remove_callback_server,
  own_numbers,
  list_account_numbers,
  add_account_number,
  remove_account_number,
  list_tts_templates,
  set_tts_template,
  remove_tts_template,
  list_voice_files,
  put_voice_file,
  remove_voice_file,
  receipts,
  set_receipts,
  test_receipts,
  failed_receipts,
  replay_receipts,
  list_do_not_call,
  add_do_not_call,
  remove_do_not_call,
  list_readings,
  preview_reading,
  set_reading,
  remove_reading,
  create_task_import,
  upload_task_import,
  preview_task_import,
  start_task_import,
  task_import,
  cancel_task_import,
  list_task_imports,
  task_import_refused,
  task_results,
  list_template,
  list_reports,
  report,
  list_scripts,
  check_script,
  get_script,
  script_source,
  put_script,
  submit_script,
  publish_script,
  refuse_script,
  rollback_script,
  retire_script,
  discard_script,
  simulate_script,
  list_trunks,
  get_trunk,
  put_trunk,
  delete_trunk,
  trunk_state,
  skill_version,
} satisfies Record<string, Action>
