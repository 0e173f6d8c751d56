// SPDX-License-Identifier: Apache-2.0
#include "control/custom_kind.h"

#include <gtest/gtest.h>
