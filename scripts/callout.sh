#!/bin/sh
# callout.sh <号码> <一句话> [--wait|--stream] [--json] 打电话，打印 call_id. Places a call. The work is done by stepone.sh beside it.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
exec sh "$here/stepone.sh" callout "$@"
