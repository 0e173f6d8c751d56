// SPDX-License-Identifier: Apache-2.0
#include "control/custom_edit.h"

#include <gtest/gtest.h>
