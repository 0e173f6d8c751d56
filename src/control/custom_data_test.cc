// SPDX-License-Identifier: Apache-2.0
#include "control/custom_data.h"

#include <gtest/gtest.h>
