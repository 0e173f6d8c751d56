// SPDX-License-Identifier: Apache-2.0
// PUT /backup: restores a backup. The body is read as a whole and checked before anything changes.
// Until then the code waits in the data directory, the objects and the data in memory.
#pragma once

#include <cstddef>
#include <memory>

#include "admin/resource.h"

namespace sluice::admin {

// The objects of a backup, as lines, together.
inline constexpr std::size_t kRestoredObjectsBytesMax = std::size_t{256} << 20;

// `?force=true` replaces what is there. Errors: `conflict` for a gateway with objects or data;
// `unavailable` if another backup is being restored.
[[nodiscard]] Result<std::unique_ptr<Intake>> begin_restore(Context& context,
                                                            const ApiRequest& request);

}  // namespace sluice::admin
