// What the published documents define: every operation, parameter, field and code that a case must be about. Does not know cases or servers.
// Source: the pages of pages.ts. Names as on the wire; a list `Menu` of fields is `MenuKeyMap.N.Key`.

export const reference = {
  Gateway: [
    'method GET', 'method POST', 'other methods', 'parameters in the query', 'parameters in the form', 'parameters in both', 'UTF-8', 'plus is a space', 'repeat list',
    'Format', 'XML answer', 'JSON answer', 'RequestId', 'error body', 'business error', 'unknown parameters', 'RegionId', 'OwnerId', 'ResourceOwnerAccount', 'ResourceOwnerId',
    'published vectors V1', 'published vectors V3',
  ],
  'V1 signature': ['Action', 'Version', 'AccessKeyId', 'SignatureMethod', 'SignatureVersion', 'SignatureNonce', 'Timestamp', 'SecurityToken', 'Signature', 'x-acs headers of pop-core'],
  'V3 signature': [
    'Authorization', 'x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256', 'x-acs-security-token', 'x-acs-accesskey-id', 'x-acs-credentials-provider',
    'SignedHeaders', 'accept', 'host', 'content-type',
  ],
  'Gateway errors': [
    'InvalidAccessKeyId.NotFound', 'InvalidAccessKeyId.Inactive', 'SignatureDoesNotMatch', 'IncompleteSignature', 'InvalidSignatureMethod', 'SignatureNonceUsed', 'InvalidTimeStamp.Format',
    'InvalidTimeStamp.Expired', 'InvalidVersion', 'InvalidAction.NotFound', 'Missing{Name}', 'Invalid{Name}', 'InvalidParameter.Format', 'UnsupportedHTTPMethod', 'Throttling.User',
  ],
  SmartCall: [
    'CalledShowNumber', 'CalledNumber', 'VoiceCode', 'VoiceCodeParam', 'RecordFlag', 'Volume', 'Speed', 'AsrModelId', 'AsrBaseId', 'PauseTime', 'MuteTime', 'ActionCodeBreak', 'ActionCodeTimeBreak', 'OutId',
    'DynamicId', 'EarlyMediaAsr', 'SessionTimeout', 'TtsConf', 'TtsStyle', 'TtsVolume', 'TtsSpeed', 'StreamAsr', 'EnableITN', 'BackgroundFileCode', 'BackgroundVolume', 'BackgroundSpeed', 'NoiseThreshold',
    'answer CallId', 'answer Code', 'answer Message', 'answer RequestId',
  ],
  SmartCallOperate: ['CallId', 'Command', 'Param', 'answer Status'],
  CancelCall: ['CallId', 'answer Status'],
  SingleCallByTts: ['CalledShowNumber', 'CalledNumber', 'TtsCode', 'TtsParam', 'PlayTimes', 'Volume', 'Speed', 'OutId', 'answer CallId'],
  SingleCallByVoice: ['CalledShowNumber', 'CalledNumber', 'VoiceCode', 'PlayTimes', 'Volume', 'Speed', 'OutId', 'answer CallId'],
  IvrCall: [
    'CalledShowNumber', 'CalledNumber', 'StartCode', 'StartTtsParams', 'PlayTimes', 'MenuKeyMap.N.Key', 'MenuKeyMap.N.Code', 'MenuKeyMap.N.TtsParams', 'ByeCode', 'ByeTtsParams', 'Timeout', 'OutId', 'answer CallId',
  ],
  ClickToDial: ['CallerNumber', 'CallerShowNumber', 'CalledNumber', 'CalledShowNumber', 'AsrFlag', 'AsrModelId', 'RecordFlag', 'SessionTimeout', 'OutId', 'answer CallId'],
  QueryCallDetailByCallId: [
    'CallId', 'ProdId', 'QueryDate', 'answer Data', 'caller', 'callee', 'callerShowNumber', 'calleeShowNumber', 'startDate', 'endDate', 'duration', 'state', 'stateDesc', 'gmtCreate', 'aRingTime', 'aEndTime', 'bRingTime',
    'bEndTime',
  ],
  Callback: ['method', 'placement', 'call_id', 'timestamp', 'content_type', 'content', 'values are texts', 'one at a time'],
  'Callback normal': [
    'role', 'identity', 'words', 'begin_offset', 'end_offset', 'begin_time', 'is_playing', 'current_media_code', 'early_media', 'dynamic_id', 'record_begin_time', 'asr_begin_time', 'asr_end_time', 'play_begin_time',
    'play_end_time',
  ],
  'Callback mute': ['dynamic_id'],
  'Callback dtmf': ['dynamic_id', 'dtmf_digits', 'noInputTimeout'],
  'Callback timebreak': ['current_media_code', 'asr_begin_time', 'play_begin_time', 'dynamic_id'],
  'Callback parallel_transfer': ['dynamic_id', 'transfer_status', 'fail_cause', 'is_monitor', 'cc_name'],
  Reply: [
    'result', 'msg', 'code', 'call_id', 'action', 'action_code', 'action_code_param', 'action_break', 'action_code_break', 'action_code_time_break', 'mute_time', 'dynamic_id', 'number', 'dtmf_nonin_overtime',
    'dtmf_max_numbers', 'dtmf_end_character', 'transfer_playfile', 'is_monitor', 'cc_name',
  ],
  Actions: ['play', 'break', 'continue', 'hangup', 'transfer', 'donothing', 'dtmf', 'parallel_transfer', 'parallel_bridge', 'an unknown action'],
  'Callback callin': ['caller', 'callee', 'orgcallee', 'partnerId'],
  'Reply to callin': [
    'answer', 'hangup', 'call_id', 'session_timeout', 'asr_model_id', 'asr_base_id', 'record_flag', 'mute_time', 'pause_time', 'action_code', 'action_code_param', 'action_code_break', 'action_break',
    'action_code_time_break', 'dynamic_id', 'tts_conf', 'tts_style', 'tts_volume', 'tts_speed',
  ],
  Receipts: ['push', 'acknowledgement', 'failure', 'retry'],
  VoiceReport: [
    'call_id', 'originate_time', 'ring_time', 'start_time', 'end_time', 'duration', 'caller', 'callee', 'status_code', 'smart_status_code', 'status_msg', 'early_media_code', 'hangup_direction', 'out_id', 'voice_type',
    'dtmf', 'dialog_id', 'toll_type', 'b_originate_time', 'b_ring_time', 'b_start_time', 'b_end_time', 'b_duration', 'extend', 'parallel_leg_hangup_cause',
  ],
  VoiceCallReport: ['call_id', 'status_code', 'smart_status_code', 'status_time', 'out_id'],
  VoiceRecordReport: ['call_id', 'start_time', 'end_time', 'duration', 'status_code', 'smart_status_code', 'record_file', 'out_id', 'record_begin_time'],
  VoiceRTASRReport: ['role', 'identity', 'words', 'begin_offset', 'end_offset', 'begin_time', 'call_id', 'out_id'],
} as const satisfies Record<string, readonly string[]>

/** `SmartCall.PauseTime`: one thing of the reference. */
export type Item = { [Group in keyof typeof reference]: `${Group}.${(typeof reference)[Group][number]}` }[keyof typeof reference]

export const items = Object.entries(reference).flatMap(([group, names]) => names.map((name) => `${group}.${name}` as Item))
