// SPDX-License-Identifier: Apache-2.0
// --check: what a start would refuse, without a start. Nothing is served, stored or changed.
#pragma once

#include "base/result.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

// Error: no HTTPServer could listen on --bind-address.
[[nodiscard]] Result<void> check_bind_address(const Options& options);
// Reads the certificates and keys, and builds the objects of the initial files: programs are
// compiled, no URL is called. Prints a line for each part that is valid, and its warnings, to
// standard output. Objects that are stored already are not looked at. Error: the first part with a
// fault, which names option, file, object and field; all faults of a file are its details.
[[nodiscard]] Result<void> check(const Options& options);

}  // namespace sluice::server_program
