// SPDX-License-Identifier: Apache-2.0
// The list of all kinds of objects. A new kind is a file in this folder and a line here.
#include "control/kinds/all.h"

namespace sluice::control {

ObjectKind http_server_kind();
ObjectKind pipeline_kind();

ObjectKinds all_kinds() { return {http_server_kind(), pipeline_kind()}; }

}  // namespace sluice::control
