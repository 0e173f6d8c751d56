// SPDX-License-Identifier: Apache-2.0
// Checks of the documents of custom data among those of a file. Nothing changes.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/custom_document.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// Without a server. A list of {name, kind, valid}, and warnings: of items whose kind is not among
// the documents, too. The error has a detail for each fault, with its place.
[[nodiscard]] Result<Json> validate_custom(const std::vector<CustomDocument>& documents);

// Asks the server what sending them would do: a list of {name, kind, change, before, spec}, and
// warnings, put and deleted. Empty without documents.
[[nodiscard]] Result<Json> preview_custom_documents(const Invocation& invocation,
                                                    const std::vector<CustomDocument>& documents,
                                                    const std::string& mode);

// "CustomData people", or "2 documents of custom data".
[[nodiscard]] std::string label_of(const std::vector<CustomDocument>& documents);

}  // namespace sluice::egctl
