// SPDX-License-Identifier: Apache-2.0
#include "wasm/test_guests.h"
