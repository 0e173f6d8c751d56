// SPDX-License-Identifier: Apache-2.0
#include "admin/data/export.h"
#include "backup/entry_line.h"
#include "base/json_string.h"
#include "base/time.h"

namespace sluice::admin {

void ExportWriter::begin(std::string_view pipeline, std::string_view filter,
                         std::chrono::system_clock::time_point now, std::string& out) {
  const std::size_t from = out.size();
  out += R"({"format":)";
  append_json_string(kExportFormat, out);
  out += R"(,"formatVersion":)" + std::to_string(kExportVersion) + R"(,"pipeline":)";
  append_json_string(pipeline, out);
  out += R"(,"filter":)";
  append_json_string(filter, out);
  out += R"(,"time":")" + format_rfc3339_ms(now) + "\"}\n";
  hash_.update(std::string_view(out).substr(from));
}

void ExportWriter::write(std::string_view key, std::string_view value, std::string& out) {
  const std::size_t from = out.size();
  backup::append_entry_line(key, value, out);
  hash_.update(std::string_view(out).substr(from));
  ++count_;
}

void ExportWriter::end(store::Version version, std::string& out) {
  out += R"({"end":true,"count":)" + std::to_string(count_) + R"(,"storeVersion":)" +
         std::to_string(version) + R"(,"sha256":")" + hash_.hex() + "\"}\n";
}

}  // namespace sluice::admin
