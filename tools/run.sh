#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make run`: builds, starts the gateway, and puts the cookbook's flash sale on port 10080.
#   tools/run.sh          on a terminal: in the foreground until Ctrl-C; DETACH=1 or no terminal: returns
#   tools/run.sh stop     stops what was left running
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=build/run
pid_file=$home/run.pid
log=$home/log/stdout.log
first_words=$home/server.log # what it says on standard error, before and beside the log
api=127.0.0.1:2381
server=$PWD/build/bin/sluice-server
egctl() { build/bin/egctl --server "$api" "$@"; }

# The pid of a server that this script started and that still runs, or of its successor after a hot restart
# (the server keeps sluice.pid up to date), or nothing.
running() {
  local file pid
  for file in "$home/sluice.pid" "$pid_file"; do
    pid=$(cat "$file" 2>/dev/null) || continue
    if [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == "$server"* ]]; then
      printf '%s' "$pid"
      return 0 # in a trap, a bare return has the status of what was interrupted
    fi
  done
}

stop() {
  local pid
  pid=$(running)
  if [[ -z $pid ]]; then
    printf 'Nothing is running.\n'
    return
  fi
  printf 'Stopping sluice-server (pid %s), requests in flight are finished ...\n' "$pid"
  kill -TERM "$pid" 2>/dev/null || true
  tail --pid="$pid" -f /dev/null
  rm -f "$pid_file"
  printf 'Stopped.\n'
}

if [[ ${1:-} == stop ]]; then
  stop
  exit 0
fi

step() { printf '\n[%s/5] %s\n' "$1" "$2"; }

step 1 'Debian packages'
tools/install.sh build

step 2 'Build: build/bin/sluice-server and build/bin/egctl'
tools/build.sh release sluice-server egctl

step 3 'The flash sale in AssemblyScript: examples/flash-sale'
example=examples/flash-sale
wasm=$(tools/build_example.sh)
printf '%s\n' "$wasm"

step 4 "The gateway: admin API on $api"
mkdir -p "$home"
pid=$(running)
if [[ -n $pid ]]; then
  printf 'Already running (pid %s). To run a newer build: make stop, then make run.\n' "$pid"
  DETACH=1
elif egctl object list >/dev/null 2>&1; then
  printf '%s\n' "A gateway that was not started by make run already serves $api: stop it first." \
    "\`ss -ltnp 'sport = :${api##*:}'\` names its process." >&2
  exit 1
else
  seen=$(stat -c %s "$log" 2>/dev/null || echo 0) # of the log, which goes on from run to run
  # A session of its own: Ctrl-C reaches it through this script, as SIGTERM.
  setsid "$server" --home-dir "$home" --api-addr "$api" </dev/null >"$first_words" 2>&1 &
  pid=$!
  printf '%s' "$pid" >"$pid_file"
  for ((i = 0; i < 200; i++)); do
    if egctl object list >/dev/null 2>&1; then break; fi
    if ! kill -0 "$pid" 2>/dev/null; then
      printf 'sluice-server ended:\n' >&2
      tail -n 20 "$first_words" >&2
      exit 1
    fi
    sleep 0.05
  done
  if ! egctl object list >/dev/null; then
    printf 'sluice-server does not answer on %s; its log: %s\n' "$api" "$log" >&2
    stop >&2
    exit 1
  fi
  printf 'Running (pid %s), data in %s, log in %s\n' "$pid" "$home" "$log"
fi

step 5 'HTTPServer http-server on port 10080, Pipeline flash-sale-pipeline'
egctl apply -f "$example/http-server.yaml"
sed -E "s#^( *code: ).*\.wasm\$#\1$wasm#" "$example/pipeline.yaml" | egctl apply -f -

cat <<'TEXT'

Now, from another terminal:

  curl http://127.0.0.1:10080/flashsale -HAuthorization:user1
  build/bin/egctl wasm list-data flash-sale-pipeline wasm

Change examples/flash-sale/assembly/index.ts, then

  npm run --prefix examples/flash-sale asbuild && build/bin/egctl wasm reload-code

TEXT

if [[ -n ${DETACH:-} || ! -t 0 || ! -t 1 ]]; then
  printf 'It goes on in the background; make stop stops it.\n'
  exit 0
fi
printf 'Ctrl-C stops it. The log:\n\n'
trap 'printf "\n"; stop; exit 0' INT TERM HUP
while [[ -n $pid ]]; do # after a hot restart, the successor
  tail --pid="$pid" -c "+$((seen + 1))" -F "$log" 2>/dev/null &
  wait "$!" || true
  seen=$(stat -c %s "$log" 2>/dev/null || echo 0)
  pid=$(running)
done
rm -f "$pid_file"
printf 'sluice-server ended; its log: %s\n' "$log"
exit 1
