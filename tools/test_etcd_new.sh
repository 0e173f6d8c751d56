#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests that need etcd on the one of tests/etcd, which tools/build_etcd.sh builds: those of
# the client, of the store, and of clusters.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

SLUICE_ETCD=$(tools/build_etcd.sh | tail -n 1)
[[ -n $SLUICE_ETCD ]] || exit 1
export SLUICE_ETCD
export SLUICE_BIN_DIR=${SLUICE_BIN_DIR:-$PWD/build/bin}

failed=()
"$SLUICE_BIN_DIR/sluice_etcd_test" --gtest_brief=1 || failed+=(sluice_etcd_test)
"$SLUICE_BIN_DIR/sluice_store_test" --gtest_filter='*Etcd*' --gtest_brief=1 || failed+=(sluice_store_test)
/usr/bin/python3 -m pytest -p no:cacheprovider -n 2 --dist loadfile tests/e2e/test_cluster*.py </dev/null || failed+=(e2e)
if ((${#failed[@]} > 0)); then
  printf '\nFAILED: %s\n' "${failed[*]}" >&2
  exit 1
fi
