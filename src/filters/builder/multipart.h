// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578). Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::filters {

struct FormPart {
  std::string name;
  std::string value;
  std::string file_name;  // "": no file
};

struct FormBody {
  std::string content_type;
  std::string bytes;
};

[[nodiscard]] Result<FormBody> encode_form(const std::vector<FormPart>& parts);

}  // namespace sluice::filters
