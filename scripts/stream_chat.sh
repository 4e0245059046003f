#!/bin/sh
# stream_chat.sh <call_id> [--json] 实时会话. Shows the conversation while it happens. The work is done by stepone.sh beside it.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
exec sh "$here/stepone.sh" stream "$@"
