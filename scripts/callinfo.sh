#!/bin/sh
# callinfo.sh <call_id> [重试次数] [--wait] [--json] 查询结果. Shows the result of a call. The work is done by stepone.sh beside it.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
exec sh "$here/stepone.sh" callinfo "$@"
