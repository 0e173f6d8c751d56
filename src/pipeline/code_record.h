// SPDX-License-Identifier: Apache-2.0
// CodeRecord: what is known of the codes that a filter has run, for the build of the filter
// (control/code_history.h). All kinds of filters with code follow it in the same way
// (filters/wasm_host/code_choice.h).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

namespace sluice::pipeline {

struct CodeRecord {
  std::string sha256{};  // of the code that is in force; "": none
  // Its trial has begun and not ended well: a process that begins to run it judges it from anew.
  bool on_trial = false;
  // The codes that were rolled back. A source that still holds one of them does not bring it back.
  std::set<std::string> refused{};
};

// By filter.
using CodeRecords = std::map<std::string, CodeRecord, std::less<>>;

}  // namespace sluice::pipeline
