// SPDX-License-Identifier: Apache-2.0
// The document of a script, as it is kept: a script is what was written, or nothing.
#include "filters/wasm_host/script.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::filters;
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_script(text));
  for (const std::string_view language : script_languages()) {
    const std::string source = script_source("builtin:" + std::string(language), "x\ny");
    const auto bytes = sent_script(source, text);
    if (!bytes) return 0;
    const auto script = parse_script(*bytes);
    if (!script || script->text != text || script->language != language) std::abort();
    static_cast<void>(script_reads_responses(*script));
  }
  return 0;
}
