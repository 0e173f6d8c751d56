// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/test_host.h"
