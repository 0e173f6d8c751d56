/* SPDX-License-Identifier: Apache-2.0 */
/* JavaScript for WasmHost: QuickJS-ng and the nouns of the SDK as a guest. One unit with the engine,
   because WASI's limit of the stack is only a member of its runtime. */
#include <stdint.h>

static uint32_t hash_secret = 263; /* odd; quickjs.c multiplies with it: build_engines.sh */
#include "quickjs.c"

#include "host.h"
#include "nouns.h"

/* Of the stack in linear memory, which is 512 KiB. The stack of the machine holds about as much. */
enum { kStackBytesMax = 160 << 10 };
enum { kFramesBytesMax = 4096 };

static const char kPrelude[] = {
#embed "javascript.js"
    , 0};

static JSRuntime *runtime;
static JSContext *context;
static JSValue run_function;
static JSValue init_function;
static bool interrupted;

/* ---- texts ---- */

/* Bytes that are not UTF-8 are kept: byte b is the code unit U+DC00 + b, as in the AssemblyScript SDK. */
static JSValue bytes_to_units(JSContext *ctx, const uint8_t *bytes, uint32_t size) {
  uint16_t *units = malloc((size_t)size * 2);
  if (!units) return JS_ThrowOutOfMemory(ctx);
  uint32_t count = 0;
  for (uint32_t i = 0; i < size;) {
    const uint8_t lead = bytes[i];
    const uint32_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    uint32_t point = length < 2 ? lead : lead & (0x7f >> length);
    bool good = length > 0 && i + length <= size;
    for (uint32_t k = 1; good && k < length; ++k) {
      good = (bytes[i + k] & 0xc0) == 0x80;
      point = point << 6 | (bytes[i + k] & 0x3f);
    }
    static const uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (good) good = point >= kLeast[length] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    if (!good) {
      units[count++] = (uint16_t)(0xdc00 + lead);
      ++i;
    } else {
      if (point >= 0x10000) units[count++] = (uint16_t)(0xd7c0 + (point >> 10));
      units[count++] = (uint16_t)(point >= 0x10000 ? 0xdc00 + (point & 0x3ff) : point);
      i += length;
    }
  }
  const JSValue text = JS_NewStringUTF16(ctx, units, count);
  free(units);
  return text;
}

static bool is_ascii(const char *bytes, uint32_t size) {
  uint32_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    memcpy(&word, bytes + i, 8);
    if (word & 0x8080808080808080u) return false;
  }
  for (; i < size; ++i)
    if (bytes[i] & 0x80) return false;
  return true;
}

static JSValue new_text(JSContext *ctx, const char *bytes, uint32_t size) {
  if (is_ascii(bytes, size)) return JS_NewStringLen(ctx, bytes, size);
  return bytes_to_units(ctx, (const uint8_t *)bytes, size);
}

/* The reverse: the units that stand for bytes are ED B2 80 to ED B3 BF in the engine's UTF-8. */
static uint32_t units_to_bytes(char *text, uint32_t size) {
  const uint8_t *from = (const uint8_t *)text;
  uint32_t count = 0;
  for (uint32_t i = 0; i < size; ++i) {
    const bool escaped = from[i] == 0xed && i + 2 < size && (from[i + 1] == 0xb2 || from[i + 1] == 0xb3);
    if (escaped) {
      text[count++] = (char)(0x80 + ((from[i + 1] - 0xb2) << 6) + (from[i + 2] & 0x3f));
      i += 2;
    } else {
      text[count++] = text[i];
    }
  }
  return count;
}

static Block *new_block(JSContext *ctx, int place, const char *bytes, uint32_t size, uint32_t rest) {
  Block *block = make_block(place, bytes, size, rest);
  if (!block) JS_ThrowOutOfMemory(ctx);
  return block;
}

static bool is_plain(JSValueConst value) {
  return JS_IsString(value) || JS_IsNumber(value) || JS_IsBool(value) || JS_IsBigInt(value);
}

static Block *text_block(JSContext *ctx, int place, JSValueConst value) {
  if (!is_plain(value)) {
    JS_ThrowTypeError(ctx, "argument %d is no text", place + 1);
    return NULL;
  }
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, value);
  if (!text) return NULL;
  Block *block = new_block(ctx, place, text, (uint32_t)size, 1);
  JS_FreeCString(ctx, text);
  if (block && !is_ascii(block->bytes, (uint32_t)size)) {
    const uint32_t count = units_to_bytes(block->bytes, (uint32_t)size);
    block->bytes[count] = 0;
    block->size = count + 1;
  }
  return block;
}

/* Text, an ArrayBuffer or a view of one. */
static Block *data_block(JSContext *ctx, int place, JSValueConst value) {
  if (is_plain(value)) {
    Block *block = text_block(ctx, place, value);
    if (block) --block->size;
    return block;
  }
  size_t size;
  if (JS_IsArrayBuffer(value)) {
    const uint8_t *bytes = JS_GetArrayBuffer(ctx, &size, value);
    if (!bytes && size > 0) return NULL;
    return new_block(ctx, place, (const char *)bytes, (uint32_t)size, 0);
  }
  if (JS_GetTypedArrayType(value) < 0) {
    JS_ThrowTypeError(ctx, "argument %d is neither text nor an ArrayBuffer nor a typed array", place + 1);
    return NULL;
  }
  size_t offset, length, whole;
  const JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, NULL);
  if (JS_IsException(buffer)) return NULL;
  const uint8_t *bytes = JS_GetArrayBuffer(ctx, &whole, buffer);
  Block *block = NULL;
  if (bytes || length == 0) block = new_block(ctx, place, (const char *)bytes + offset, (uint32_t)length, 0);
  JS_FreeValue(ctx, buffer);
  return block;
}

static JSValue host_failed(JSContext *ctx) {
  const JSValue error = JS_ThrowTypeError(ctx, "%.*s", (int)host_error.block.size, host_error.block.bytes);
  host_error.block.size = 0;
  return error;
}

static inline JSValue finish(JSContext *ctx, JSValue value) {
  if (host_error.block.size) return host_failed(ctx);
  return value;
}

static JSValue take_text(JSContext *ctx, Block *block) {
  if (host_error.block.size) return host_failed(ctx);
  const JSValue text = new_text(ctx, block->bytes, text_size(block));
  wasm_free(block);
  return text;
}

static JSValue take_bytes(JSContext *ctx, Block *block) {
  if (host_error.block.size) return host_failed(ctx);
  const JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)block->bytes, block->size);
  wasm_free(block);
  return bytes;
}

static JSValue take_body(JSContext *ctx, Block *block) {
  if (host_error.block.size) return host_failed(ctx);
  const JSValue text = new_text(ctx, block->bytes, block->size);
  wasm_free(block);
  return text;
}

/* ---- functions ---- */

#define FUNCTION(name) \
  static JSValue name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)

enum { kExactBits = 53 };

static JSValue new_integer(JSContext *ctx, int64_t value) {
  if (host_error.block.size) return host_failed(ctx);
  const int64_t most = (int64_t)1 << kExactBits;
  if (value > most || value < -most) return JS_NewBigInt64(ctx, value);
  return JS_NewInt64(ctx, value);
}

static JSValue new_number(JSContext *ctx, double value) { return finish(ctx, JS_NewFloat64(ctx, value)); }
static JSValue new_count(JSContext *ctx, int32_t value) { return finish(ctx, JS_NewInt32(ctx, value)); }

static bool to_integer(JSContext *ctx, JSValueConst value, int64_t *out) {
  if (JS_IsBigInt(value)) return JS_ToBigInt64(ctx, out, value) == 0;
  double number;
  if (!JS_IsNumber(value)) {
    JS_ThrowTypeError(ctx, "argument 2 is no number");
    return false;
  }
  if (JS_ToFloat64(ctx, &number, value)) return false;
  const double most = (double)((int64_t)1 << kExactBits);
  if (!(number >= -most && number <= most) || number != (double)(int64_t)number) {
    JS_ThrowRangeError(ctx, "argument 2 is no integer of 53 bits: pass a BigInt");
    return false;
  }
  *out = (int64_t)number;
  return true;
}

static bool to_number(JSContext *ctx, JSValueConst value, double *out) {
  if (JS_IsNumber(value)) return JS_ToFloat64(ctx, out, value) == 0;
  JS_ThrowTypeError(ctx, "argument 2 is no number");
  return false;
}

/* Strings of an array. */
static JSValue take_list(JSContext *ctx, Block *block) {
  if (host_error.block.size) return host_failed(ctx);
  const JSValue list = JS_NewArray(ctx);
  const char *at = block->bytes;
  for (uint32_t i = 0; i < block->size; ++i) {
    const Block *text = (const Block *)at;
    JS_SetPropertyUint32(ctx, list, i, new_text(ctx, text->bytes, text_size(text)));
    at = text->bytes + text->size;
  }
  wasm_free(block);
  return list;
}

#define DEFINE_TAKE0(name, import, take) \
  FUNCTION(name) { return take(ctx, import()); }

#define DEFINE_TAKE1(name, import, type, take)           \
  FUNCTION(name) {                                       \
    Block *first = text_block(ctx, 0, argv[0]);          \
    if (!first) return JS_EXCEPTION;                     \
    type const result = import(first);                   \
    drop(first);                                         \
    return take(ctx, result);                            \
  }

#define DEFINE_TAKE2(name, import, type, take)           \
  FUNCTION(name) {                                       \
    Block *first = text_block(ctx, 0, argv[0]);          \
    if (!first) return JS_EXCEPTION;                     \
    Block *second = text_block(ctx, 1, argv[1]);         \
    if (!second) return drop(first), JS_EXCEPTION;       \
    type const result = import(first, second);           \
    drop(first);                                         \
    drop(second);                                        \
    return take(ctx, result);                            \
  }

#define DEFINE_DO1(name, import, make)                   \
  FUNCTION(name) {                                       \
    Block *first = make(ctx, 0, argv[0]);                \
    if (!first) return JS_EXCEPTION;                     \
    import(first);                                       \
    drop(first);                                         \
    return finish(ctx, JS_UNDEFINED);                    \
  }

#define DEFINE_DO2(name, import, make)                   \
  FUNCTION(name) {                                       \
    Block *first = text_block(ctx, 0, argv[0]);          \
    if (!first) return JS_EXCEPTION;                     \
    Block *second = make(ctx, 1, argv[1]);               \
    if (second) import(first, second);                   \
    drop(first);                                         \
    if (!second) return JS_EXCEPTION;                    \
    drop(second);                                        \
    return finish(ctx, JS_UNDEFINED);                    \
  }

#define DEFINE_KEY_SET(name, type, read, result)          \
  FUNCTION(name) {                                        \
    type value;                                           \
    if (!read(ctx, argv[1], &value)) return JS_EXCEPTION; \
    Block *key = text_block(ctx, 0, argv[0]);             \
    if (!key) return JS_EXCEPTION;                        \
    result;                                               \
  }

typedef Block *BlockPointer;

#define DEFINE_TEXT(id, import) DEFINE_TAKE0(id, import, take_text)
#define DEFINE_BODY(id, import) DEFINE_TAKE0(id, import, take_body)
#define DEFINE_BODY_BYTES(id, import) DEFINE_TAKE0(id, import, take_bytes)
#define DEFINE_LIST(id, import) DEFINE_TAKE0(id, import, take_list)
#define DEFINE_GET_STATUS(id, import) DEFINE_TAKE0(id, import, new_count)
#define DEFINE_NOW(id, import) DEFINE_TAKE0(id, import, new_integer)
#define DEFINE_RAND(id, import) DEFINE_TAKE0(id, import, new_number)
#define DEFINE_TEXT_OF(id, import) DEFINE_TAKE1(id, import, BlockPointer, take_text)
#define DEFINE_BYTES_OF(id, import) DEFINE_TAKE1(id, import, BlockPointer, take_bytes)
#define DEFINE_INTEGER_OF(id, import) DEFINE_TAKE1(id, import, int64_t, new_integer)
#define DEFINE_FLOAT_OF(id, import) DEFINE_TAKE1(id, import, double, new_number)
#define DEFINE_COUNT_OF(id, import) DEFINE_TAKE1(id, import, int32_t, new_count)
#define DEFINE_TEXT_OF2(id, import) DEFINE_TAKE2(id, import, BlockPointer, take_text)
#define DEFINE_INTEGER_OF2(id, import) DEFINE_TAKE2(id, import, int64_t, new_integer)
#define DEFINE_TEXT_OF3(id, import)                         \
  FUNCTION(id) {                                            \
    Block *third = text_block(ctx, 2, argv[2]);             \
    if (!third) return JS_EXCEPTION;                        \
    Block *first = text_block(ctx, 0, argv[0]);             \
    Block *second = first ? text_block(ctx, 1, argv[1]) : NULL; \
    Block *result = second ? import(first, second, third) : NULL; \
    drop(third);                                            \
    if (first) drop(first);                                 \
    if (!second) return JS_EXCEPTION;                       \
    drop(second);                                           \
    return take_text(ctx, result);                          \
  }
#define DEFINE_SET(id, import) DEFINE_DO1(id, import, text_block)
#define DEFINE_SET_DATA(id, import) DEFINE_DO1(id, import, data_block)
#define DEFINE_SET2(id, import) DEFINE_DO2(id, import, text_block)
#define DEFINE_SET2_DATA(id, import) DEFINE_DO2(id, import, data_block)
#define DEFINE_PUT_INTEGER(id, import) \
  DEFINE_KEY_SET(id, int64_t, to_integer, import(key, value); drop(key); return finish(ctx, JS_UNDEFINED))
#define DEFINE_PUT_FLOAT(id, import) \
  DEFINE_KEY_SET(id, double, to_number, import(key, value); drop(key); return finish(ctx, JS_UNDEFINED))
#define DEFINE_ADD_INTEGER(id, import) \
  DEFINE_KEY_SET(id, int64_t, to_integer, value = import(key, value); drop(key); return new_integer(ctx, value))
#define DEFINE_ADD_FLOAT(id, import) \
  DEFINE_KEY_SET(id, double, to_number, value = import(key, value); drop(key); return new_number(ctx, value))
#define DEFINE_SET_STATUS(id, import)                       \
  FUNCTION(id) {                                            \
    int32_t status;                                         \
    if (JS_ToInt32(ctx, &status, argv[0])) return JS_EXCEPTION; \
    import(status);                                         \
    return finish(ctx, JS_UNDEFINED);                       \
  }
#define DEFINE_LOG(id, import)                              \
  FUNCTION(id) {                                            \
    int32_t level;                                          \
    if (JS_ToInt32(ctx, &level, argv[0])) return JS_EXCEPTION; \
    Block *text = text_block(ctx, 1, argv[1]);              \
    if (!text) return JS_EXCEPTION;                         \
    import((uint32_t)level, text);                          \
    drop(text);                                             \
    return finish(ctx, JS_UNDEFINED);                       \
  }

#define DEFINE(shape, id, name, import) DEFINE_##shape(id, import)
ALL_FUNCTIONS(DEFINE)
REQUEST_BYTES_FUNCTIONS(DEFINE)
RESPONSE_BYTES_FUNCTIONS(DEFINE)

enum {
  ARITY_TEXT = 0, ARITY_BODY = 0, ARITY_BODY_BYTES = 0, ARITY_LIST = 0, ARITY_GET_STATUS = 0, ARITY_NOW = 0,
  ARITY_RAND = 0, ARITY_TEXT_OF = 1, ARITY_BYTES_OF = 1, ARITY_INTEGER_OF = 1, ARITY_FLOAT_OF = 1,
  ARITY_COUNT_OF = 1, ARITY_TEXT_OF2 = 2, ARITY_INTEGER_OF2 = 2, ARITY_TEXT_OF3 = 3, ARITY_SET = 1, ARITY_SET_DATA = 1, ARITY_SET_STATUS = 1, ARITY_SET2 = 2,
  ARITY_SET2_DATA = 2, ARITY_PUT_INTEGER = 2, ARITY_PUT_FLOAT = 2, ARITY_ADD_INTEGER = 2, ARITY_ADD_FLOAT = 2,
  ARITY_LOG = 2,
};

#define ENTRY(shape, id, name, import) JS_CFUNC_DEF(name, ARITY_##shape, id),
static const JSCFunctionListEntry kRequest[] = {REQUEST_FUNCTIONS(ENTRY) REQUEST_BYTES_FUNCTIONS(ENTRY)};
static const JSCFunctionListEntry kResponse[] = {RESPONSE_FUNCTIONS(ENTRY) RESPONSE_BYTES_FUNCTIONS(ENTRY)};
static const JSCFunctionListEntry kCluster[] = {CLUSTER_FUNCTIONS(ENTRY)};
static const JSCFunctionListEntry kGlobal[] = {GLOBAL_FUNCTIONS(ENTRY)};
static const JSCFunctionListEntry kNative[] = {NATIVE_FUNCTIONS(ENTRY)};

/* ---- failures ---- */

/* Finds "(<script>:<line>:<column>)" or "at <script>:<line>:<column>", the innermost one. */
static void find_place(const char *frames, int *line, int *column) {
  const size_t length = strlen(script.name);
  for (const char *at = frames; (at = strstr(at, script.name)); ++at) {
    const bool begins = at > frames && (at[-1] == '(' || at[-1] == ' ');
    if (begins && sscanf(at + length, ":%d:%d", line, column) == 2) return;
  }
  *line = *column = 0;
}

static void place_of_import(int *line, int *column, const char *reason) {
  char name[128];
  const char *at = NULL;
  if (sscanf(reason, "SyntaxError: a script has no imports: %127s", name) == 1) at = strstr(script.text, name);
  if (!at) return;
  *line = *column = 1;
  for (const char *c = script.text; c < at; ++c) {
    ++*column;
    if (*c == '\n') ++*line, *column = 1;
  }
}

/* Says why the call fails: `error`, which is freed. */
static void report(JSValue error) {
  char reason[kReasonBytesMax] = "out of memory";
  char frames[kFramesBytesMax] = "";
  /* With a full memory, the texts cannot be made before something is free. */
  const char *text = JS_ToCString(context, error);
  if (text) snprintf(reason, sizeof reason, "%s%s", JS_IsError(error) ? "" : "uncaught ", text);
  if (!text && !JS_IsError(error)) snprintf(reason, sizeof reason, "uncaught value that has no text");
  JS_FreeCString(context, text);
  if (JS_IsError(error)) {
    const JSValue stack = JS_GetPropertyStr(context, error, "stack");
    const char *lines = JS_IsString(stack) ? JS_ToCString(context, stack) : NULL;
    if (lines) snprintf(frames, sizeof frames, "%s", lines);
    JS_FreeCString(context, lines);
    JS_FreeValue(context, stack);
  }
  JS_FreeValue(context, JS_GetException(context));
  int line, column;
  find_place(frames, &line, &column);
  if (line == 0) place_of_import(&line, &column, reason);
  fail_at(line, column, interrupted ? "it still runs" : reason, interrupted);
  JS_FreeValue(context, error);
}

static void report_exception(void) { report(JS_GetException(context)); }

static int is_time_over(JSRuntime *rt, void *opaque) {
  interrupted = sluice_time_is_over();
  return interrupted;
}

/* ---- life ---- */

static JSModuleDef *refuse_import(JSContext *ctx, const char *name, void *opaque) {
  JS_ThrowSyntaxError(ctx, "a script has no imports: %s", name);
  return NULL;
}

static char *same_name(JSContext *ctx, const char *base, const char *name, void *opaque) {
  return js_strdup(ctx, name);
}

/* Runs the jobs that promises have left. */
static bool run_jobs(void) {
  JSContext *ctx;
  int done;
  while ((done = JS_ExecutePendingJob(runtime, &ctx)) > 0) {
  }
  return done == 0;
}

/* Waits for a promise. The result, or an exception. Takes `value`. */
static JSValue settle(JSValue value) {
  if (JS_IsException(value)) return value;
  if (JS_IsJobPending(runtime) && !run_jobs()) {
    JS_FreeValue(context, value);
    return JS_EXCEPTION;
  }
  if (!JS_IsPromise(value)) return value;
  const JSPromiseStateEnum state = JS_PromiseState(context, value);
  JSValue result = JS_EXCEPTION;
  if (state == JS_PROMISE_PENDING) {
    JS_ThrowTypeError(context, "the promise is never kept");
  } else {
    result = JS_PromiseResult(context, value);
    if (state == JS_PROMISE_REJECTED) result = JS_Throw(context, result);
  }
  JS_FreeValue(context, value);
  return result;
}

static void define(JSValueConst global, const char *name, const JSCFunctionListEntry *list, int count) {
  const JSValue object = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, object, list, count);
  JS_SetPropertyStr(context, global, name, object);
}

static bool make_context(void) {
  runtime = JS_NewRuntime();
  context = runtime ? JS_NewContext(runtime) : NULL;
  if (!context) return false;
  JS_UpdateStackTop(runtime);
  runtime->stack_limit = runtime->stack_top - kStackBytesMax;
  JS_SetInterruptHandler(runtime, is_time_over, NULL);
  JS_SetModuleLoaderFunc(runtime, same_name, refuse_import, NULL);
  const JSValue global = JS_GetGlobalObject(context);
  define(global, "request", kRequest, countof(kRequest));
  define(global, "response", kResponse, countof(kResponse));
  define(global, "cluster", kCluster, countof(kCluster));
  JS_SetPropertyFunctionList(context, global, kGlobal, countof(kGlobal));
  JSValue native = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, native, kNative, countof(kNative));
  const JSValue prelude = JS_Eval(context, kPrelude, sizeof kPrelude - 1, "sluice.js", JS_EVAL_TYPE_GLOBAL);
  const JSValue done = JS_Call(context, prelude, JS_UNDEFINED, 1, (JSValueConst *)&native);
  const bool good = !JS_IsException(done);
  JS_FreeValue(context, prelude);
  JS_FreeValue(context, native);
  JS_FreeValue(context, global);
  return good;
}

static bool load_module(void) {
  const JSValue module = JS_Eval(context, script.text, script.size, script.name,
                                 JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(module)) return false;
  JSModuleDef *definition = JS_VALUE_GET_PTR(module);
  const JSValue done = settle(JS_EvalFunction(context, module));
  if (JS_IsException(done)) return false;
  JS_FreeValue(context, done);
  const JSValue exported = JS_GetModuleNamespace(context, definition);
  run_function = JS_GetPropertyStr(context, exported, "run");
  init_function = JS_GetPropertyStr(context, exported, "init");
  JS_FreeValue(context, exported);
  return true;
}

static bool is_class(JSValueConst function) {
  const JSValue source = js_function_toString(context, function, 0, NULL);
  const char *text = JS_ToCString(context, source);
  const bool is = text && strncmp(text, "class", 5) == 0;
  JS_FreeCString(context, text);
  JS_FreeValue(context, source);
  return is;
}

/* Why an exported value cannot be called for a request. NULL: it can. */
static const char *why_not_called(JSValueConst value) {
  if (!JS_IsFunction(context, value)) return "is exported, and is no function";
  const JSClassID kind = JS_GetClassID(value);
  if (kind == JS_CLASS_GENERATOR_FUNCTION || kind == JS_CLASS_ASYNC_GENERATOR_FUNCTION)
    return "is a generator, whose call does nothing: write `function`, without `*`";
  return is_class(value) ? "is a class: write `export function`" : NULL;
}

static bool check_export(const char *name, JSValueConst value) {
  const char *why = why_not_called(value);
  if (!why) return true;
  char reason[kReasonBytesMax];
  snprintf(reason, sizeof reason, "`%s` %s", name, why);
  fail_at(last_line(), 1, reason, false);
  return false;
}

/* Begins with the script: a string array of its name and its text. Called once, first. */
EXPORT(sluice_script) void sluice_script(char *array) {
  sluice_errors_to(&host_error.block, kErrorBytesMax);
  if (!keep_script(array)) return fail_at(0, 0, "out of memory", false);
  wasm_free(array);
  hash_secret = (uint32_t)(host_rand() * 0x1p32) | 1;
  if (!make_context()) {
    if (!context) return fail_at(0, 0, "out of memory", false);
    return report_exception();
  }
  if (!load_module()) return report_exception();
  if (JS_IsUndefined(run_function))
    return fail_at(last_line(), 1, "no function run: write `export function run() { … }`", false);
  if (!check_export("run", run_function)) return;
  if (!JS_IsUndefined(init_function)) check_export("init", init_function);
}

EXPORT(wasm_init) void wasm_init(char *array) {
  JSValue params = JS_NewObjectProto(context, JS_NULL);
  const uint32_t count = ((Block *)array)->size;
  const char *at = array + 4;
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    const Block *key = (const Block *)at;
    const Block *value = (const Block *)(key->bytes + key->size);
    const JSValue name = new_text(context, key->bytes, text_size(key));
    const JSAtom atom = JS_ValueToAtom(context, name);
    JS_FreeValue(context, name);
    JS_SetProperty(context, params, atom, new_text(context, value->bytes, text_size(value)));
    JS_FreeAtom(context, atom);
    at = value->bytes + value->size;
  }
  wasm_free(array);
  const JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "params", js_dup(params));
  JS_FreeValue(context, global);
  if (!JS_IsUndefined(init_function)) {
    const JSValue done = settle(JS_Call(context, init_function, JS_UNDEFINED, 1, (JSValueConst *)&params));
    if (JS_IsException(done)) report_exception();
    JS_FreeValue(context, done);
  }
  JS_FreeValue(context, params);
}

enum { kFailed = -1 };

EXPORT(wasm_run) int32_t wasm_run(void) {
  const JSValue value = settle(JS_Call(context, run_function, JS_UNDEFINED, 0, NULL));
  if (JS_VALUE_GET_TAG(value) == JS_TAG_INT && (uint32_t)JS_VALUE_GET_INT(value) <= 9) return JS_VALUE_GET_INT(value);
  if (JS_IsUndefined(value)) return 0;
  if (JS_IsException(value)) {
    report_exception();
    return kFailed;
  }
  double number = -1;
  if (JS_IsNumber(value) && JS_ToFloat64(context, &number, value) == 0 && number >= 0 && number <= 9 &&
      number == (int32_t)number)
    return (int32_t)number;
  char reason[128];
  const char *text = JS_ToCString(context, value);
  const char *quote = JS_IsString(value) ? "\"" : "";
  snprintf(reason, sizeof reason, "run returned %s%.60s%s: it has to return a number from 0 to 9, or nothing", quote,
           text ? text : "?", quote);
  JS_FreeCString(context, text);
  JS_FreeValue(context, value);
  fail_at(0, 0, reason, false);
  return kFailed;
}
