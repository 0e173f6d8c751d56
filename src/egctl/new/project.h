// SPDX-License-Identifier: Apache-2.0
// The project of a guest: its program, the SDK, a Makefile, cases for `egctl wasm test`, a README.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::egctl {

[[nodiscard]] std::vector<std::string> project_languages();
// Returns why `language` is none of them, or nothing.
[[nodiscard]] std::string fault_of_language(const std::string& language);
// The files of a project: path below its folder -> text. `folder`: the absolute path of the
// project. Requires: the language is one of the list.
[[nodiscard]] std::map<std::string, std::string> project_files(const std::string& language,
                                                               const std::string& name,
                                                               const std::string& folder);

}  // namespace sluice::egctl
