#!/bin/sh
# Client of the StepOne-compatible API. Knows requests and how answers read; the server decides everything.
# Needs only a POSIX shell with curl, grep, sed, cut, awk, printf, sleep and tr. Exit: 0 done, 1 failed or refused, 2 usage, 3 not over yet.

VERSION=1.0.0
POLL_SECONDS=${STEPONEAI_POLL_SECONDS:-10}
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac

usage() {
  cat >&2 <<'TEXT'
用法 usage:
  stepone.sh callout <号码[,号码…]> <一句话> [--wait|--stream] [--json]   打电话 place a call
  stepone.sh call '{"phones":"…","user_requirement":"…"}'              同上，直接给 JSON
  stepone.sh callinfo <call_id> [重试次数] [--wait] [--json]              结果 result
  stepone.sh stream <call_id> [--json]                                  实时会话 live conversation
  stepone.sh hangup <call_id> | cancel <call_id>                        挂断 / 取消
  stepone.sh balance | version                                          余额 / 版本

密钥 key: STEPONEAI_API_KEY，或 ~/.clawd/secrets.json，或本机演示账户 data/demo-account.json
地址 base: STEPONEAI_API_BASE（默认本机服务，http://127.0.0.1:8080）
TEXT
  exit 2
}

fail() {
  printf '❌ %s\n' "$1" >&2
  exit 1
}

# --- where and who -------------------------------------------------------------------------------------------------------------

# key_in <file> <name>: the value of a top-level string in a small JSON file.
key_in() {
  [ -r "$1" ] && tr -d '\r\n' <"$1" | grep -o "\"$2\"[[:space:]]*:[[:space:]]*\"[^\"]*\"" | sed -n 1p | cut -d'"' -f4
}

# The server of this checkout writes its address and a demo key here.
demo_account=${DATA_DIR:-$here/../data}/demo-account.json

base=${STEPONEAI_API_BASE:-}
[ -n "$base" ] || base=$(key_in "$demo_account" base_url)
base=${base:-http://127.0.0.1:8080}
base=${base%/}
base=${base%/api/v1/callinfo}
base=${base%/api/v1}

find_key() {
  key=${STEPONEAI_API_KEY:-}
  [ -n "$key" ] || key=$(key_in "$HOME/.clawd/secrets.json" steponeai_api_key)
  if [ -z "$key" ]; then
    # The demo key is worth something on this machine only, so it is sent nowhere else.
    case $base in
    http://127.0.0.1:* | http://localhost:*) key=$(key_in "$demo_account" api_key) ;;
    esac
  fi
  [ -n "$key" ] || fail "没有密钥：请 export STEPONEAI_API_KEY=sk_…，或先启动服务（npm start）生成本机演示账户"
  # Whatever could break out of the header line is no part of a key.
  key=$(printf '%s' "$key" | tr -cd 'A-Za-z0-9_.-')
}

# --- requests ------------------------------------------------------------------------------------------------------------------

# Text as the inside of a JSON string: escapes backslash, quote, tab and line ends; drops what no sentence needs.
json_text() {
  printf '%s\n' "$1" | LC_ALL=C tr -d '\000-\010\013\014\016-\037\177' |
    LC_ALL=C sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$(printf '\t')/\\\\t/g" -e "s/$(printf '\r')//g" |
    LC_ALL=C awk 'NR > 1 { printf "%s", "\\n" } { printf "%s", $0 }'
}

# request <method> <path> <json or ''> [curl options…]: prints the answer.
# Headers and body reach curl over stdin, so that the key shows in no process list.
request() {
  method=$1 path=$2 data=$3
  shift 3
  {
    printf 'header = "X-API-Key: %s"\nheader = "X-Skill-Version: %s"\n' "$key" "$VERSION"
    if [ -n "$data" ]; then
      printf 'header = "Content-Type: application/json"\ndata-raw = "%s"\n' \
        "$(printf '%s' "$data" | LC_ALL=C tr '\r\n' '  ' | LC_ALL=C sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"
    fi
  } | curl -sS -K - -X "$method" --connect-timeout 10 "$@" "$base/api/v1/$path"
}

# ask <method> <path> [json]: the answer in $answer; ends the script when the server cannot be reached.
ask() {
  answer=$(request "$1" "$2" "${3:-}" --max-time 30) || fail "连接不上 $base：服务启动了吗（npm start）？地址对吗（STEPONEAI_API_BASE）？"
}

# field <json> <name>: a string value. The server writes no ASCII quotes inside values.
field() {
  printf '%s\n' "$1" | grep -o "\"$2\":\"[^\"]*\"" | sed -n 1p | cut -d'"' -f4 | sed 's/\\\\/\\/g'
}

# number <json> <name>: a numeric value.
number() {
  printf '%s\n' "$1" | grep -o "\"$2\":[0-9.]*" | sed -n 1p | cut -d: -f2
}

succeeded() {
  printf '%s\n' "$1" | grep -q '"success":true'
}

refused() {
  message=$(field "$1" message)
  fail "${message:-服务端的回答看不懂：$1}"
}

check_id() {
  case ${1:-} in
  '') usage ;;
  *[!a-zA-Z0-9^_-]*) fail "call_id 格式不对：只能含字母、数字、^、_、-" ;;
  esac
}

# --- commands ------------------------------------------------------------------------------------------------------------------

# options <args…>: sets $json, $wait, $stream and the words that are left in $word1 $word2 $words.
options() {
  json='' wait='' stream='' word1='' word2='' words=0
  for arg in "$@"; do
    case $arg in
    --json) json=1 ;;
    --wait) wait=1 ;;
    --stream) stream=1 ;;
    -h | --help) usage ;;
    *)
      words=$((words + 1))
      [ "$words" = 1 ] && word1=$arg
      [ "$words" = 2 ] && word2=$arg
      ;;
    esac
  done
}

call() {
  [ -n "${1:-}" ] || usage
  find_key
  ask POST callinfo/initiate_call "$1"
  printf '%s\n' "$answer"
  succeeded "$answer"
}

callout() {
  options "$@"
  [ "$words" = 2 ] && [ -n "$word1" ] && [ -n "$word2" ] || usage
  # The functions called below have options of their own.
  then_wait=$wait then_stream=$stream raw_out=$json
  find_key
  ask POST callinfo/initiate_call "{\"phones\":\"$(json_text "$word1")\",\"user_requirement\":\"$(json_text "$word2")\"}"
  if [ -n "$raw_out" ]; then
    printf '%s\n' "$answer"
    succeeded "$answer" || return 1
  else
    succeeded "$answer" || refused "$answer"
    printf '✅ %s\n' "$(field "$answer" message)"
  fi
  ids=$(printf '%s\n' "$answer" | grep -o '"call_ids":\["[^]]*"\]' | cut -d'[' -f2 | tr -d '"]' | tr ',' ' ')
  status=0
  for id in $ids; do
    [ -n "$raw_out" ] || printf 'call_id: %s\n' "$id"
    if [ -n "$then_stream" ]; then stream "$id" ${raw_out:+--json} || status=$?; fi
    if [ -n "$then_wait" ]; then callinfo "$id" --wait ${raw_out:+--json} || status=$?; fi
    if [ -z "$then_stream$then_wait$raw_out" ]; then
      printf '结果 result: %s/callinfo.sh %s --wait\n实时 live:   %s/stream_chat.sh %s\n' "$here" "$id" "$here" "$id"
    fi
  done
  return $status
}

# callinfo <id> [retries] [--wait] [--json]: asks every 10 s until the call is over; five times when not told otherwise.
callinfo() {
  callinfo_id='' retries=5 forever='' raw=''
  for arg in "$@"; do
    case $arg in
    --wait) forever=1 ;;
    --json) raw=1 ;;
    -h | --help) usage ;;
    *[!0-9]* | '') [ -z "$callinfo_id" ] || usage; callinfo_id=$arg ;;
    *) if [ -z "$callinfo_id" ]; then callinfo_id=$arg; else retries=$arg; fi ;;
    esac
  done
  check_id "$callinfo_id"
  find_key
  body="{\"call_id\":\"$callinfo_id\"}"
  ask POST callinfo/search_callinfo "$body"
  tries=1
  until printf '%s\n' "$answer" | grep -q '"success":true.*"duration_seconds":[0-9]'; do
    case $(field "$answer" code) in
    # Not refused, or by a busy server: that passes.
    '' | overloaded | too-many-requests) ;;
    *)
      [ -n "$raw" ] || refused "$answer"
      printf '%s\n' "$answer"
      return 1
      ;;
    esac
    if [ -z "$forever" ] && [ "$tries" -ge "$retries" ]; then
      if [ -n "$raw" ]; then printf '%s\n' "$answer"; else printf '⏳ 通话还没有结束 not completed yet（%s）\n' "$(field "$answer" status)"; fi
      return 3
    fi
    [ -n "$raw" ] || printf '⏳ %s，%s 秒后再查\n' "$(field "$answer" status)" "$POLL_SECONDS" >&2
    sleep "$POLL_SECONDS"
    # A server that restarts during the wait is asked again.
    answer=$(request POST callinfo/search_callinfo "$body" --max-time 30) || answer=''
    tries=$((tries + 1))
  done
  if [ -n "$raw" ]; then
    printf '%s\n' "$answer"
    return 0
  fi
  outcome=$(field "$answer" outcome)
  spoken=$(field "$answer" conversation)
  printf '☎️  %s  %s%s\n' "$(field "$answer" phones)" "$outcome" "${spoken:+ / $spoken}"
  printf '要求 requirement: %s\n' "$(field "$answer" user_requirement)"
  printf '时长 duration:    %s 秒\n费用 cost:        %s 元\n' "$(number "$answer" duration_seconds)" "$(number "$answer" cost)"
  summary=$(field "$answer" summary)
  [ -z "$summary" ] || printf '小结 summary:     %s\n' "$summary"
  recording=$(field "$answer" recording_url)
  [ -z "$recording" ] || printf '录音 recording:   %s\n' "$recording"
  early=$(field "$answer" early_media_url)
  [ -z "$early" ] || printf '接通前 early:     %s\n' "$early"
  printf '%s\n' "$answer" | grep -o '"role":"[^"]*","content":"[^"]*"' | cut -d'"' -f4,8 |
    sed -e 's/^assistant"/  🤖 /' -e 's/^user"/  👤 /' -e 's/\\\\/\\/g'
  return 0
}

# One connection of a stream: conversation to fd 3, then "how last-id" to stdout.
stream_once() {
  request POST callinfo/stream_chat_history "{\"call_id\":\"$1\",\"last_event_id\":\"$2\"}" -N 2>/dev/null | {
    how=cut last=$2
    # The last line of a refusal may lack its line end.
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
      'id: '*) id=${line#id: } ;;
      'data: '*)
        line=${line#data: }
        content=$(printf '%s\n' "$line" | grep -o '"content": "[^"]*"' | cut -d'"' -f4 | sed 's/\\\\/\\/g')
        [ -z "$3" ] || printf '%s\n' "$line" >&3
        case $line in
        '{"role": "assistant"'*) [ -n "$3" ] || printf '🤖 %s\n' "$content" >&3 ;;
        '{"role": "user"'*) [ -n "$3" ] || printf '👤 %s\n' "$content" >&3 ;;
        '{"role": "system", "content": "[DONE]"'*)
          how=done
          [ -n "$3" ] || printf '✅ 通话结束 ended%s\n' "$(printf '%s\n' "$line" | grep -o '"outcome": "[^"]*"' | cut -d'"' -f4 | sed 's/^/：/')" >&3
          ;;
        '{"role": "system", "content": "[TIMEOUT]"'*)
          how=timeout
          [ -n "$3" ] || printf '⏳ 30 秒内没有接通 not connected within 30 s\n' >&3
          ;;
        esac
        last=${id:-$last}
        ;;
      '{'*)
        how=refused
        if [ -n "$3" ]; then printf '%s\n' "$line" >&3; else printf '❌ %s\n' "$(field "$line" message)" >&2; fi
        ;;
      esac
    done
    printf '%s %s\n' "$how" "$last"
  }
}

stream() {
  options "$@"
  check_id "$word1"
  find_key
  last='' cuts=0
  exec 3>&1
  while :; do
    state=$(stream_once "$word1" "$last" "$json")
    next=${state#* }
    case ${state%% *} in
    done) return 0 ;;
    timeout) return 3 ;;
    refused) return 1 ;;
    esac
    # Cut off: go on after the last event seen; give up when nothing comes at all.
    if [ "$next" = "$last" ]; then cuts=$((cuts + 1)); else cuts=0; fi
    last=$next
    [ "$cuts" -lt 5 ] || fail "连接不上 $base，或连接一再中断"
    sleep 1
  done
}

stop() {
  check_id "${2:-}"
  find_key
  ask POST "callinfo/$1" "{\"call_id\":\"$2\"}"
  succeeded "$answer" || refused "$answer"
  printf '✅ %s\n' "$(field "$answer" message)"
}

balance() {
  find_key
  ask GET account/balance
  succeeded "$answer" || refused "$answer"
  printf '余额 balance: %s 元（通话中预留 held %s 元，可用 available %s 元）\n' "$(number "$answer" balance)" "$(number "$answer" held)" "$(number "$answer" available)"
}

version() {
  key=''
  ask GET callinfo/skill_version
  server=$(field "$answer" skill_version)
  printf '脚本 scripts: %s\n服务 server:  %s\n' "$VERSION" "${server:-?}"
  [ "$server" = "$VERSION" ] || fail "版本不一致：请更新脚本（git pull）"
}

command=${1:-}
[ -n "$command" ] && shift
case $command in
call) call "$@" ;;
callout) callout "$@" ;;
callinfo) callinfo "$@" ;;
stream) stream "$@" ;;
hangup | hang_up) stop hang_up "${1:-}" ;;
cancel) stop cancel "${1:-}" ;;
balance) balance ;;
version) version ;;
*) usage ;;
esac
