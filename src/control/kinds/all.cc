// SPDX-License-Identifier: Apache-2.0
// The list of all kinds of objects. A new kind is a file with its header in this folder, and two
// lines here.
#include "control/kinds/all.h"

#include "control/kinds/global_filter.h"
#include "control/kinds/http_server.h"
#include "control/kinds/pipeline.h"

namespace sluice::control {

ObjectKinds all_kinds(const TracingServices& tracing) {
  return {http_server_kind(tracing), pipeline_kind(), global_filter_kind()};
}

}  // namespace sluice::control
