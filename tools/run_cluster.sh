#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `make run-cluster`: three etcd, three gateways that share them, and a fourth gateway in front, all on this
# machine, with the cookbook's flash sale. Everything goes on in the background.
#   tools/run_cluster.sh          starts what does not run yet, so it also brings back what was killed
#   tools/run_cluster.sh stop     stops it all; the data stays in build/run-cluster
# $SLUICE_ETCD names another etcd than that of the PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$PWD/build/run-cluster
server=$PWD/build/bin/sluice-server
example=examples/flash-sale
sale_port=10080
# etcd has addresses of its own, beside the etcd that Debian's package may have started on 127.0.0.1.
etcd_host() { printf '127.0.0.%d' $((10 + $1)); }
member_host() { printf '127.0.0.%d' $((1 + $1)); }
# `egctl` without --server talks to member-1.
member_api() { if (($1 == 1)); then printf '127.0.0.1:2381'; else printf '%s:2381' "$(member_host "$1")"; fi; }
front_api=127.0.0.5:2381
egctl() { build/bin/egctl "$@"; }

# The pid of the process that this script started under that name and that still runs, or nothing.
running() {
  local file pid program=$server
  if [[ $1 == etcd-* ]]; then program=$(readlink -f "$(cat "$home/$1.program" 2>/dev/null)" || true); fi
  for file in "$home/$1/sluice.pid" "$home/$1.pid"; do
    pid=$(cat "$file" 2>/dev/null) || continue
    if [[ -n $program && $(readlink "/proc/$pid/exe" 2>/dev/null) == "$program"* ]]; then
      printf '%s' "$pid"
      return 0
    fi
  done
}

# start NAME COMMAND...: in the background, in a session of its own.
start() {
  local name=$1
  shift
  mkdir -p "$home/$name"
  setsid "$@" </dev/null >>"$home/$name.log" 2>&1 &
  printf '%s' "$!" >"$home/$name.pid"
}

end() {
  local pid
  pid=$(running "$1")
  if [[ -z $pid ]]; then return; fi
  printf 'Stopping %s (pid %s) ...\n' "$1" "$pid"
  kill -TERM "$pid" 2>/dev/null || true
  timeout 60 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
  rm -f "$home/$1.pid"
}

stop() {
  local i
  end front
  for i in 3 2 1; do end "member-$i"; done
  for i in 3 2 1; do end "etcd-$i"; done
  printf 'Stopped.\n'
}

# wait_for NAME WHAT COMMAND...: until the command succeeds, or the process of that name ends.
wait_for() {
  local name=$1 what=$2 i
  shift 2
  for ((i = 0; i < 600; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    if [[ -z $(running "$name") ]]; then break; fi
    sleep 0.1
  done
  printf '%s: no %s; the end of its log:\n' "$name" "$what" >&2
  tail -n 20 "$home/$name.log" >&2
  return 1
}

if [[ ${1:-} == stop ]]; then
  stop
  exit 0
fi

step() { printf '\n[%s/6] %s\n' "$1" "$2"; }

step 1 'Debian packages'
if [[ -n ${SLUICE_ETCD:-} ]]; then tools/install.sh build; else tools/install.sh build cluster; fi
etcd=${SLUICE_ETCD:-$(command -v etcd)}

step 2 'Build: build/bin/sluice-server and build/bin/egctl'
tools/build.sh release sluice-server egctl

step 3 'The flash sale in AssemblyScript: examples/flash-sale'
wasm=$(tools/build_example.sh)
printf '%s\n' "$wasm"

step 4 "Three etcd: $etcd"
mkdir -p "$home"
peers=
for i in 1 2 3; do peers+="${peers:+,}etcd-$i=http://$(etcd_host "$i"):2380"; done
for i in 1 2 3; do
  if [[ -n $(running "etcd-$i") ]]; then continue; fi
  client=http://$(etcd_host "$i"):2379 peer=http://$(etcd_host "$i"):2380
  printf '%s' "$etcd" >"$home/etcd-$i.program"
  start "etcd-$i" "$etcd" --name="etcd-$i" --data-dir="$home/etcd-$i/data" --logger=zap \
    --listen-client-urls="$client" --advertise-client-urls="$client" \
    --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" \
    --initial-cluster="$peers" --initial-cluster-token=sluice-run-cluster --initial-cluster-state=new \
    --auto-compaction-mode=periodic --auto-compaction-retention=5m
done
for i in 1 2 3; do
  wait_for "etcd-$i" 'answer' curl -fsS "http://$(etcd_host "$i"):2379/health"
  printf 'etcd-%s on %s:2379 (pid %s)\n' "$i" "$(etcd_host "$i")" "$(running "etcd-$i")"
done

step 5 'Three gateways that share them'
endpoints=
for i in 1 2 3; do endpoints+="${endpoints:+,}$(etcd_host "$i"):2379"; done
start_member() {
  local name=member-$1 host
  host=$(member_host "$1")
  if [[ -z $(running "$name") ]]; then
    start "$name" "$server" --name "$name" --home-dir "$home/$name" --api-addr "$(member_api "$1")" \
      --store etcd --etcd-endpoints "$endpoints" --bind-address "$host" --cluster-addr "$host:2390"
  fi
  wait_for "$name" 'answer of its admin API' egctl --server "$(member_api "$1")" object list
  printf '%s: requests on %s:%s, admin API on %s (pid %s)\n' \
    "$name" "$host" "$sale_port" "$(member_api "$1")" "$(running "$name")"
}
start_member 1
{
  cat "$example/http-server.yaml"
  printf -- '---\n'
  sed -E "s#^( *code: ).*\.wasm\$#\1$wasm#" "$example/pipeline.yaml"
} | egctl --server "$(member_api 1)" apply -f -
for i in 2 3; do start_member "$i"; done
# After an outage of etcd, a member is well again when it has heard of etcd.
for i in 1 2 3; do wait_for "member-$i" 'health' egctl --server "$(member_api "$i")" health; done

step 6 "The gateway in front: 127.0.0.1:$sale_port, round robin over the three"
if [[ -z $(running front) ]]; then
  start front "$server" --name front --home-dir "$home/front" --api-addr "$front_api" --bind-address 127.0.0.1
fi
wait_for front 'answer of its admin API' egctl --server "$front_api" object list
egctl --server "$front_api" apply -f - <<YAML
kind: HTTPServer
name: front
port: $sale_port
xForwardedFor: true
rules:
- paths:
  - pathPrefix: /
    backend: members
---
kind: Pipeline
name: members
filters:
- name: proxy
  kind: Proxy
  pools:
  - loadBalance: {policy: roundRobin}
    healthCheck: {interval: 1s, timeout: 1s, uri: /, match: {statusCodes: [[200, 499]]}}
    retryPolicy: elsewhere
    failureCodes: [500, 502, 504] # a member answers 503 after it has waited; another one would wait as long
    servers:
    - url: http://$(member_host 1):$sale_port
    - url: http://$(member_host 2):$sale_port
    - url: http://$(member_host 3):$sale_port
resilience:
- name: elsewhere
  kind: Retry
  maxAttempts: 3
  waitDuration: 20ms
YAML

cat <<TEXT

One sale on three members. From another terminal:

  curl http://127.0.0.1:$sale_port/flashsale -HAuthorization:user1                # some member, in turn
  curl http://$(member_host 3):$sale_port/flashsale -HAuthorization:user1                # member-3
  build/bin/egctl wasm list-data flash-sale-pipeline wasm                     # asks member-1
  build/bin/egctl --server $(member_api 3) get member                      # asks member-3
  build/bin/egctl store owners
  build/bin/egctl store move flash-sale-pipeline/wasm member-2

Kill one member and one etcd at a time, and the sale goes on: who is new waits for at most 5 s. Without
two etcd, nobody new gets in (503 after 5 s). make run-cluster brings back what you have killed:

TEXT
for name in member-1 member-2 member-3 etcd-1 etcd-2 etcd-3; do
  printf '  kill -9 %-8s # %s\n' "$(running "$name")" "$name"
done
printf '\nLogs and data: build/run-cluster. make stop-cluster stops it all.\n'
