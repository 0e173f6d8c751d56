// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/template_names.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "filters/builder/exchange_view.h"
#include "filters/builder/message_view.h"
#include "pipeline/names_others.h"

namespace sluice::filters {
namespace {

using Fields = std::vector<std::string>;
using Known = std::span<const std::string_view>;

// The place of `.req` and its like in a chain of fields, and the names below it.
struct Message {
  std::size_t at;  // of its first field
  bool is_request;
};

std::optional<Message> message_in(const Fields& chain) {
  const std::string& group = chain.at(0);
  if (group == "req" || group == "resp") return Message{1, group == "req"};
  if (group == "requests" || group == "responses") return Message{2, group == "requests"};
  return std::nullopt;
}

bool has(Known known, const std::string& name) {
  return std::ranges::find(known, name) != known.end();
}

// The number of fields up to the one that is never there, and the names in its place. 0: all may be
// there.
std::pair<std::size_t, Known> absent_field(const Fields& chain) {
  if (chain.empty()) return {0, {}};
  if (!has(kExchangeFields, chain[0])) return {1, kExchangeFields};
  const auto message = message_in(chain);
  if (!message || chain.size() <= message->at) return {0, {}};
  const Known fields = message->is_request ? Known(kRequestFields) : Known(kResponseFields);
  const std::string& field = chain[message->at];
  if (!has(fields, field)) return {message->at + 1, fields};
  const bool below_url = field == "URL" && chain.size() > message->at + 1;
  if (below_url && !has(kUrlFields, chain[message->at + 1])) return {message->at + 2, kUrlFields};
  return {0, {}};
}

}  // namespace

void warn_of_absent_fields(const templates::Template& made, const std::string& where,
                           config::Faults& faults) {
  std::set<std::string> said;
  for (const Fields& chain : made.fields_read()) {
    const auto [count, known] = absent_field(chain);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "." + chain[i];
    if (count == 0 || !said.insert(text).second) continue;
    faults.warn(where, text + " is never there" +
                           config::suggestion(chain[count - 1], {known.begin(), known.end()}));
  }
}

pipeline::NamesOthers::Names names_in(const templates::Template& made) {
  std::set<std::string> names;
  std::set<std::string> data;
  for (const Fields& chain : made.fields_read()) {
    if (chain.size() < 2) continue;
    if (chain[0] == "data") {
      const bool below = chain[1] == pipeline::kPipelineData && chain.size() > 2;
      data.insert(below ? chain[1] + "." + chain[2] : chain[1]);
    }
    const auto message = message_in(chain);
    if (message && message->at == 2) names.insert(chain[1]);
  }
  pipeline::NamesOthers::Names result;
  for (const std::string& name : names) result.namespaces.push_back({"template", name});
  for (const std::string& name : data) result.data.push_back({"template", name});
  return result;
}

}  // namespace sluice::filters
