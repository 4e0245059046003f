// The published pages that cases cite: title and last part of the address. Does not know cases.

export type Page = { title: string; segment: string }

const of = (title: string, segment: string): Page => ({ title, segment })

export const pages = {
  rpcSignature: of('RPC signature mechanism', '145075'),
  v3Signature: of('V3 request structure and signature', 'v3-request-structure-and-signature'),
  clientErrors: of('Common client errors', '278265'),
  responseFormat: of('Response format', '87970'),
  errorCodes: of('Error codes of Dyvmsapi 2017-05-25', 'api-dyvmsapi-2017-05-25-errorcodes'),
  metadata: of('API metadata of Dyvmsapi 2017-05-25', 'Dyvmsapi/2017-05-25'),
  SmartCall: of('SmartCall', 'api-dyvmsapi-2017-05-25-smartcall'),
  callback: of('Outbound callback HTTP interface', 'the-intelligent-voice-interaction-exhale-callback-http-interface'),
  firstInbound: of('First inbound callback', 'inbound-correction-for-the-first-time'),
  laterInbound: of('Later inbound callbacks', 'subsequent-incoming-callback'),
  receipts: of('Receipts: description and configuration', 'return-receipt-message-description-and-configuration-process'),
  batchPush: of('Receipts: HTTP batch push', 'http-batch-delivery-mode-1'),
  VoiceReport: of('VoiceReport', 'voicereport-1'),
  VoiceCallReport: of('VoiceCallReport', 'voicecallreport-1'),
  VoiceRecordReport: of('VoiceRecordReport', 'voicerecordreport-5'),
  VoiceRTASRReport: of('VoiceRTASRReport', '214641'),
  callStatus: of('Call status codes', 'call-status-code'),
  smartStatus: of('Smart status codes', 'smart-status-code'),
} as const satisfies Record<string, Page>
