// SPDX-License-Identifier: Apache-2.0
#include "control/custom_state.h"

#include <gtest/gtest.h>
