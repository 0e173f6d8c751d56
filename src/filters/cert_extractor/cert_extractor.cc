// SPDX-License-Identifier: Apache-2.0
#include "filters/cert_extractor/cert_extractor.h"

#include "pipeline/unfinished.h"

namespace sluice::filters {

std::unique_ptr<pipeline::FilterKind> make_cert_extractor_kind() {
  return pipeline::unfinished_kind("CertExtractor",
                                   "Sets headers from the certificate of the client.", {});
}

}  // namespace sluice::filters
