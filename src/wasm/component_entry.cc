// SPDX-License-Identifier: Apache-2.0
#include "wasm/component_entry.h"

#include <vector>

#include "wasm/guest_runtime.h"
#include "wasm/host_call.h"
#include "wasm/instance_state.h"

namespace sluice::wasm {
namespace {

constexpr std::size_t kShapeMax = 4;

InstanceState& component_state(void* user) { return *static_cast<InstanceState*>(user); }

// Lays out the arguments as a host function reads them.
void put_arguments(std::string_view params, const sluice_value* arguments, GuestTexts& texts,
                   RawValue* values) {
  std::int32_t count = 0;
  for (std::size_t i = 0; i < params.size(); ++i) {
    switch (params[i]) {
      case 't':
        values[i].put(count);
        texts.given[static_cast<std::size_t>(count++)] = to_text(arguments[i].text);
        break;
      case 'I':
        values[i].put(arguments[i].integer);
        break;
      case 'F':
        values[i].put(arguments[i].real);
        break;
      default:
        values[i].put(static_cast<std::int32_t>(arguments[i].integer));
    }
  }
}

// The views of a list lie in `views`.
void put_result(char letter, const RawValue& value, const GuestTexts& texts,
                std::vector<sluice_view>& views, sluice_value& result) {
  switch (letter) {
    case 't':
      result.text = to_view(texts.answer);
      break;
    case 'a':
      views.clear();
      for (const std::string& text : texts.answers) views.push_back(to_view(text));
      result.texts = views.data();
      result.count = views.size();
      break;
    case 'I':
      result.integer = value.get<std::int64_t>();
      break;
    case 'F':
      result.real = value.get<double>();
      break;
    default:
      result.integer = value.get<std::int32_t>();
  }
}

bool enter_world(void* user, const void* function, const sluice_value* arguments,
                 sluice_value* result) {
  InstanceState& state = component_state(user);
  const auto& called = *static_cast<const ComponentImport*>(function);
  const std::string_view shape = called.import->shape;
  const std::string_view params = shape.substr(0, shape.find('>'));
  GuestTexts& texts = state.component->texts;
  RawValue values[kShapeMax]{};
  put_arguments(params, arguments, texts, values);
  HostCall call(state, nullptr, values);
  const Result<void> done = called.function->enter(call);
  if (done) [[likely]] {
    if (params.size() + 1 < shape.size())
      put_result(shape.back(), values[0], texts, state.component->views(), *result);
    return true;
  }
  if (state.host_error.empty()) {
    state.host_error = std::string(called.import->interface) + "." +
                       std::string(called.import->name) + ": " + done.error().message;
  }
  result->text = to_view(state.host_error);
  return false;
}

void print_world(void* user, sluice_view bytes) {
  HostCall(component_state(user), nullptr, nullptr).print(to_text(bytes));
}

bool random_world(unsigned char* out, std::size_t size) {
  return fill_random({reinterpret_cast<char*>(out), size}).has_value();
}

}  // namespace

const sluice_callbacks& component_callbacks() {
  static constexpr sluice_callbacks kCallbacks{&enter_world, &print_world, &random_world};
  return kCallbacks;
}

}  // namespace sluice::wasm
