#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reads the output of ninja (NINJA_STATUS='[%f/%t] ') and tells how far the build is:
#   [ 12/180] wasmtime 87/231 · compiled http/h1/parser.cc
# On a terminal one line, written over; otherwise a line every PROGRESS_SECONDS (20). Warnings and
# errors pass through.
#   ninja ... | tools/progress.sh <log of cargo>
set -uo pipefail

log=${1:-}
every=${PROGRESS_SECONDS:-20}
terminal=0
if [[ -t 1 ]]; then terminal=1 every=1; fi
done_=0 total=0 step='' shown='' told=$SECONDS

# cargo writes "Building [===>   ] 87/231: cranelift-codegen, ..." over itself; the last one counts.
wasmtime() {
  if [[ ! -e $log || -e ${log%/*}/sdk/complete ]]; then return; fi
  tail -c 2000 "$log" | tr '\r' '\n' | sed -n 's/^ *Building \[[^]]*\] \([0-9]*\/[0-9]*\).*/wasmtime \1 · /p' | tail -n 1
}

show() {
  if ((total == 0)); then return; fi
  local line
  printf -v line '[%*d/%d] %s%s' "${#total}" "$done_" "$total" "$(wasmtime)" "$step"
  if [[ $line == "$shown" ]]; then return; fi
  shown=$line told=$SECONDS
  if ((terminal)); then
    printf '\r\033[K%s' "${line:0:$((${COLUMNS:-80} - 1))}"
  else
    printf '%s\n' "$line"
  fi
}

pass_through() {
  if ((terminal)) && [[ -n $shown ]]; then printf '\r\033[K'; fi
  shown=''
  printf '%s\n' "$1"
}

# "Building CXX object src/http/CMakeFiles/sluice_http.dir/h1/parser.cc.o" -> "compiled http/h1/parser.cc"
# ".../sluice_http.dir/Unity/unity_0_cxx.cxx.o", eight files in one -> "compiled http, part 1"
name_step() {
  local text=$1
  case $text in
    'Building CXX object '*)
      text=${text#Building CXX object } text=${text#src/} text=${text%.o}
      if [[ $text =~ ^(.*)/CMakeFiles/[^/]*\.dir/Unity/unity_([0-9]+)_ ]]; then
        local part=$((BASH_REMATCH[2] + 1)) kind=
        if [[ $text == *_test.dir/* ]]; then kind=' tests'; fi
        text="${BASH_REMATCH[1]}$kind, part $part"
      elif [[ $text =~ ^(.*)CMakeFiles/[^/]*\.dir/(.*)$ ]]; then
        text=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
      fi
      step="compiled $text"
      ;;
    'Linking CXX executable '*) step="linked ${text#Linking CXX executable }" ;;
    'Linking CXX '*) step="archived ${text##* }" ;;
    *) step=$text ;;
  esac
}

take() {
  if [[ $1 =~ ^\[([0-9]+)/([0-9]+)\]\ (.*)$ ]]; then
    done_=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
    name_step "${BASH_REMATCH[3]}"
    if ((terminal || done_ == total || SECONDS - told >= every)); then show; fi
  elif [[ $1 != 'ninja: no work to do.' && $1 != 'ninja: Entering directory'* ]]; then
    pass_through "$1"
  fi
}

if ((terminal)); then
  COLUMNS=$(tput cols 2>/dev/null || echo 80)
fi
part=''
while true; do
  IFS= read -r -t 1 line
  status=$?
  part+=$line
  if ((status == 0)); then
    take "$part"
    part=''
  elif ((status > 128)); then # a second has passed
    if ((SECONDS - told >= every)); then show; fi
  else
    break
  fi
done
if [[ -n $part ]]; then take "$part"; fi
if ((terminal)) && [[ -n $shown ]]; then printf '\n'; fi
exit 0
