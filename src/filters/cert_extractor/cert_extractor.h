// SPDX-License-Identifier: Apache-2.0
// CertExtractor: sets headers from the certificate of the client.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_cert_extractor_kind();

}  // namespace sluice::filters
