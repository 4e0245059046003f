// The table of operations: wire name → operation. Does not know how they are served.
import { CancelCall } from './CancelCall.ts'
import { ClickToDial } from './ClickToDial.ts'
import { IvrCall } from './IvrCall.ts'
import type { Operation } from './operation.ts'
import { QueryCallDetailByCallId } from './QueryCallDetailByCallId.ts'
import { SingleCallByTts } from './SingleCallByTts.ts'
import { SingleCallByVoice } from './SingleCallByVoice.ts'
import { SmartCall } from './SmartCall.ts'
import { SmartCallOperate } from './SmartCallOperate.ts'
import { BatchRobotSmartCall } from './tasks/BatchRobotSmartCall.ts'
import { CancelOrderRobotTask } from './tasks/CancelOrderRobotTask.ts'
import { CancelRobotTask } from './tasks/CancelRobotTask.ts'
import { CreateRobotTask } from './tasks/CreateRobotTask.ts'
import { DeleteRobotTask } from './tasks/DeleteRobotTask.ts'
import { QueryCallDetailByTaskId } from './tasks/QueryCallDetailByTaskId.ts'
import { QueryRobotInfoList } from './tasks/QueryRobotInfoList.ts'
import { QueryRobotTaskCallDetail } from './tasks/QueryRobotTaskCallDetail.ts'
import { QueryRobotTaskCallList } from './tasks/QueryRobotTaskCallList.ts'
import { QueryRobotTaskDetail } from './tasks/QueryRobotTaskDetail.ts'
import { QueryRobotTaskList } from './tasks/QueryRobotTaskList.ts'
import { QueryRobotv2AllList } from './tasks/QueryRobotv2AllList.ts'
import { StartRobotTask } from './tasks/StartRobotTask.ts'
import { StopRobotTask } from './tasks/StopRobotTask.ts'
import { UploadRobotTaskCalledFile } from './tasks/UploadRobotTaskCalledFile.ts'

export const operations: Readonly<Record<string, Operation>> = {
  SmartCall, SmartCallOperate,
  SingleCallByTts, SingleCallByVoice, IvrCall, ClickToDial, CancelCall, QueryCallDetailByCallId,
  BatchRobotSmartCall,
  CreateRobotTask, UploadRobotTaskCalledFile, StartRobotTask, StopRobotTask, CancelOrderRobotTask, CancelRobotTask, DeleteRobotTask,
  QueryRobotTaskList, QueryRobotTaskDetail, QueryRobotTaskCallList, QueryRobotTaskCallDetail, QueryCallDetailByTaskId,
  QueryRobotInfoList, QueryRobotv2AllList,
}
