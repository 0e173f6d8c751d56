/* SPDX-License-Identifier: Apache-2.0 */
/* Lua for WasmHost: Lua 5.4 and the nouns of the SDK as a guest. One unit with the engine, whose limits
   and error path are macros. */
#define LUA_CORE
#define LUA_LIB
#define ltable_c
#define lvm_c
#include <locale.h>
#include <stddef.h>

#include "luaconf.h"

#undef LUAI_FUNC
#undef LUAI_DDEC
#undef LUAI_DDEF
#undef LUA_API
#undef LUALIB_API
#undef LUAMOD_API
#define LUAI_FUNC static
#define LUAI_DDEC(definition)
#define LUAI_DDEF static
#define LUA_API static
#define LUALIB_API static
#define LUAMOD_API static

static void collect_garbage(void);
#define COLLECT_GARBAGE() collect_garbage()
#include "host.h"
#include "nouns.h"

/* ---- what the engine asks of its machine ---- */

/* As host.h's script.name, so that it can be found in a message. */
#undef LUA_IDSIZE
#define LUA_IDSIZE sizeof script.name
/* Values on the stack of a coroutine: the deepest recursion takes 5 MiB. */
#undef LUAI_MAXSTACK
#define LUAI_MAXSTACK 200000
#define LUA_USE_JUMPTABLE 0
#define l_signalT int
#define lua_getlocaledecpoint() '.'
#define luai_makeseed(L) ((unsigned int)(host_rand() * 4294967296.0))
#define l_randomizePivot() ((unsigned int)(host_rand() * 4294967296.0))
/* There is no output but the log. */
#define lua_writestring(text, size) ((void)0)
#define lua_writeline() ((void)0)
#define lua_writestringerror(format, argument) ((void)0)

struct lua_State;
int lua_try(struct lua_State *L, void (*function)(struct lua_State *, void *), void *user);
_Noreturn void lua_throw(void);
/* luaD_rawrunprotected calls its `f` with its `ud`. */
#define LUAI_THROW(L, c) lua_throw()
#define LUAI_TRY(L, c, call) \
  if (lua_try(L, f, ud) && (c)->status == 0) (c)->status = -1;
#define luai_jmpbuf int

#include "lprefix.h"
#include "lua.h"
#include "lobject.h"
#include "lstate.h"
#include "lmem.h"

static void keep_line(lua_State *L);
#undef luaM_error
#define luaM_error(L) (keep_line(L), luaD_throw(L, LUA_ERRMEM))

/* Jumps, calls and memory until the clock is read. lvm.c and lstrlib.c spend it too: build_engines.sh. */
enum { kBudget = 1000, kBytesOfUnit = 128 };
static int budget = kBudget;
static int poll_time(lua_State *L, CallInfo *ci);
static void poll_time_in_c(lua_State *L);
#define spend(L, ci) (l_unlikely(--budget < 0) ? poll_time(L, ci) : (ci)->u.l.trap)
#define spend_in_c(L) (l_unlikely(--budget < 0) ? poll_time_in_c(L) : (void)0)

#include "lzio.c"
#include "lctype.c"
#include "lopcodes.c"
#include "lmem.c"
#include "lstate.c"
#include "lgc.c"
#include "llex.c"
#include "lcode.c"
#include "lparser.c"
#include "ldebug.c"
#include "lfunc.c"
#include "lobject.c"
#include "ltm.c"
#include "lstring.c"
#include "ltable.c"
#include "ldo.c"
#include "lvm.c"
#include "lapi.c"

/* For the buffers of lauxlib.c, which alone allocate without luaM_realloc_. */
static void *allocate_or_collect(void *user, void *block, size_t old_size, size_t size);
#define lua_getallocf(L, user) (*(user) = NULL, allocate_or_collect)
#include "lauxlib.c"

#undef luaL_loadfilex
#define luaL_loadfilex(L, name, mode) (lua_pushliteral(L, "a script reads no files"), LUA_ERRRUN)
#include "lbaselib.c"
#include "lcorolib.c"
#define time(unused) host_get_unix_time_in_ms()
#include "lmathlib.c"
#undef time
#include "lstrlib.c"
#define lua_geti(L, index, n) (spend_in_c(L), lua_geti(L, index, n))
#include "ltablib.c"
#undef lua_geti
#include "lutf8lib.c"

/* No bytecode: a wrong one does anything. */
static LClosure *luaU_undump(lua_State *L, ZIO *z, const char *name) {
  luaO_pushfstring(L, "%s: a script loads no bytecode", name);
  luaD_throw(L, LUA_ERRSYNTAX);
}

static int luaU_dump(lua_State *L, const Proto *f, lua_Writer w, void *data, int strip) { return 1; }

static const char kPrelude[] = {
#embed "lua.lua"
    , 0};
static const char kPreludeName[] = "sluice.lua";

static lua_State *state;
static bool interrupted;
static int run_function = LUA_NOREF;
static int init_function = LUA_NOREF;

/* As luaM_malloc_ does it, which calls no finalizers either. */
static void collect_garbage(void) {
  if (!state || !completestate(G(state)) || G(state)->gcstopem || G(state)->gcstp & (GCSTPGC | GCSTPCLS)) return;
  luaC_fullgc(state, 1);
}

/* ---- failures ---- */

/* The line of the script that runs; 0: none does. */
static int line_of(lua_State *L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline > 0 && strcmp(frame.short_src, script.name) == 0) return frame.currentline;
  }
  return 0;
}

static struct {
  int line;
  bool taken; /* by on_error */
  char reason[kReasonBytesMax];
} failure;

static void keep_line(lua_State *L) {
  failure.line = line_of(L);
  failure.taken = false;
}

static int raise(lua_State *L, const char *reason, size_t size) {
  const int line = line_of(L);
  if (line > 0) lua_pushfstring(L, "%s:%d: ", script.name, line);
  lua_pushlstring(L, reason, size);
  if (line > 0) lua_concat(L, 2);
  return lua_error(L);
}

static _Noreturn void raise_still_runs(lua_State *L) {
  lua_pushliteral(L, "it still runs");
  lua_error(L);
  __builtin_unreachable();
}

static void on_hook(lua_State *L, lua_Debug *frame) { raise_still_runs(L); }

static bool is_time_over(void) {
  interrupted = interrupted || sluice_time_is_over();
  if (!interrupted) budget = kBudget;
  return interrupted;
}

/* An error here would find the stack half done; the hook is called before the next instruction. It stays,
   so that the script cannot go on by pcall. */
static int poll_time(lua_State *L, CallInfo *ci) {
  if (is_time_over()) lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
  return ci->u.l.trap;
}

static void poll_time_in_c(lua_State *L) {
  if (is_time_over()) raise_still_runs(L);
}

/* Skips "<name>:<line>: ". Returns `text` if it does not begin so. */
static const char *skip_place(const char *text, const char *name, int *line) {
  const size_t length = strlen(name);
  int end = 0;
  if (strncmp(text, name, length) != 0 || sscanf(text + length, ":%d: %n", line, &end) != 1 || end == 0) return text;
  return text + length + end;
}

static void take_failure(lua_State *L, int index) {
  const char *text = lua_tostring(L, index);
  failure.taken = true;
  if (!text && luaL_callmeta(L, index, "__tostring")) text = lua_tostring(L, -1);
  if (!text) {
    failure.line = line_of(L);
    snprintf(failure.reason, sizeof failure.reason, "uncaught error: a %s value", luaL_typename(L, index));
    return;
  }
  int line = 0;
  const char *reason = text;
  /* coroutine.wrap puts its own place before that of the error. */
  for (const char *rest; (rest = skip_place(reason, script.name, &line)) != reason;) reason = rest;
  if (reason == text) {
    int ignored;
    reason = skip_place(text, kPreludeName, &ignored);
    line = line_of(L);
  }
  failure.line = line;
  snprintf(failure.reason, sizeof failure.reason, "%s", reason);
}

/* Called where the error is, before the stack is unwound. */
static int on_error(lua_State *L) {
  take_failure(L, 1);
  return 1;
}

static void report(int status) {
  if (status == LUA_ERRMEM) {
    fail_at(failure.line, 0, interrupted ? "it still runs" : "not enough memory", interrupted);
    return;
  }
  if (!failure.taken) take_failure(state, -1);
  fail_at(failure.line, 0, interrupted ? "it still runs" : failure.reason, interrupted);
}

/* Calls a function with `arguments` that lie above it. Its error is reported. */
static bool call(int arguments, int results) {
  const int handler = lua_gettop(state) - arguments;
  failure.taken = false;
  failure.line = 0;
  lua_pushcfunction(state, on_error);
  lua_insert(state, handler);
  const int status = lua_pcall(state, arguments, results, handler);
  lua_remove(state, handler);
  if (status != LUA_OK) report(status);
  /* A finalizer can swallow the error, and the function returns before the next instruction. */
  if (status == LUA_OK && interrupted) fail_at(0, 0, "it still runs", true);
  return status == LUA_OK && !interrupted;
}

/* ---- texts ---- */

static const char *text_of(lua_State *L, int index, size_t *size) {
  const int type = lua_type(L, index);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    const char *hint = type == LUA_TTABLE ? " but a table: call functions with a dot, not with a colon" : "";
    lua_pushfstring(L, "argument %d is no text%s", index, hint);
    size_t length;
    const char *reason = lua_tolstring(L, -1, &length);
    raise(L, reason, length);
  }
  return lua_tolstring(L, index, size);
}

static inline void finish(lua_State *L) {
  if (l_likely(!host_error.block.size)) return;
  const uint32_t size = host_error.block.size;
  host_error.block.size = 0;
  raise(L, host_error.block.bytes, size);
}

static int take_text(lua_State *L, Block *block) {
  finish(L);
  lua_pushlstring(L, block->bytes, text_size(block));
  wasm_free(block);
  return 1;
}

static int take_bytes(lua_State *L, Block *block) {
  finish(L);
  lua_pushlstring(L, block->bytes, block->size);
  wasm_free(block);
  return 1;
}

/* Strings of an array. */
static int take_list(lua_State *L, Block *block) {
  finish(L);
  lua_createtable(L, (int)block->size, 0);
  const char *at = block->bytes;
  for (uint32_t i = 0; i < block->size; ++i) {
    const Block *text = (const Block *)at;
    lua_pushlstring(L, text->bytes, text_size(text));
    lua_rawseti(L, -2, i + 1);
    at = text->bytes + text->size;
  }
  wasm_free(block);
  return 1;
}

static int new_integer(lua_State *L, int64_t value) {
  finish(L);
  lua_pushinteger(L, value);
  return 1;
}

static int new_number(lua_State *L, double value) {
  finish(L);
  lua_pushnumber(L, value);
  return 1;
}

static int nothing(lua_State *L) {
  finish(L);
  return 0;
}

static int64_t to_integer(lua_State *L, int index) {
  int exact = 0;
  const int64_t value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : 0;
  if (!exact) {
    lua_pushfstring(L, "argument %d is no integer", index);
    raise(L, lua_tostring(L, -1), lua_rawlen(L, -1));
  }
  return value;
}

static double to_number(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) raise(L, "argument 2 is no number", 23);
  return lua_tonumber(L, index);
}

static Block *no_memory(lua_State *L) {
  luaM_error(L);
  return NULL;
}

/* ---- functions ---- */

#define FUNCTION(name) static int name(lua_State *L)

#define DEFINE_TAKE0(id, import, take) \
  FUNCTION(id) { return take(L, import()); }

#define DEFINE_TAKE1(id, import, type, take)                  \
  FUNCTION(id) {                                              \
    size_t size;                                              \
    const char *text = text_of(L, 1, &size);                  \
    Block *first = make_block(0, text, (uint32_t)size, 1);    \
    if (!first) no_memory(L);                                 \
    type const result = import(first);                        \
    drop(first);                                              \
    return take(L, result);                                   \
  }

#define DEFINE_TAKE2(id, import, type, take)                  \
  FUNCTION(id) {                                              \
    size_t size, length;                                      \
    const char *text = text_of(L, 1, &size);                  \
    const char *more = text_of(L, 2, &length);                \
    Block *first = make_block(0, text, (uint32_t)size, 1);    \
    if (!first) no_memory(L);                                 \
    Block *second = make_block(1, more, (uint32_t)length, 1); \
    type const result = second ? import(first, second) : 0;   \
    drop(first);                                              \
    if (!second) no_memory(L);                                \
    drop(second);                                             \
    return take(L, result);                                   \
  }

#define DEFINE_DO1(id, import, rest)                          \
  FUNCTION(id) {                                              \
    size_t size;                                              \
    const char *text = text_of(L, 1, &size);                  \
    Block *first = make_block(0, text, (uint32_t)size, rest); \
    if (!first) no_memory(L);                                 \
    import(first);                                            \
    drop(first);                                              \
    return nothing(L);                                        \
  }

#define DEFINE_DO2(id, import, rest)                          \
  FUNCTION(id) {                                              \
    size_t size, length;                                      \
    const char *text = text_of(L, 1, &size);                  \
    const char *value = text_of(L, 2, &length);               \
    Block *first = make_block(0, text, (uint32_t)size, 1);    \
    if (!first) no_memory(L);                                 \
    Block *second = make_block(1, value, (uint32_t)length, rest); \
    if (second) import(first, second);                        \
    drop(first);                                              \
    if (!second) no_memory(L);                                \
    drop(second);                                             \
    return nothing(L);                                        \
  }

#define DEFINE_KEY_SET(id, type, read, call, result)          \
  FUNCTION(id) {                                              \
    size_t size;                                              \
    const char *text = text_of(L, 1, &size);                  \
    type value = read(L, 2);                                  \
    Block *key = make_block(0, text, (uint32_t)size, 1);      \
    if (!key) no_memory(L);                                   \
    call;                                                     \
    drop(key);                                                \
    return result;                                            \
  }

typedef Block *BlockPointer;

#define DEFINE_TEXT(id, import) DEFINE_TAKE0(id, import, take_text)
#define DEFINE_BODY(id, import) DEFINE_TAKE0(id, import, take_bytes)
#define DEFINE_LIST(id, import) DEFINE_TAKE0(id, import, take_list)
#define DEFINE_GET_STATUS(id, import) DEFINE_TAKE0(id, import, new_integer)
#define DEFINE_NOW(id, import) DEFINE_TAKE0(id, import, new_integer)
#define DEFINE_RAND(id, import) DEFINE_TAKE0(id, import, new_number)
#define DEFINE_TEXT_OF(id, import) DEFINE_TAKE1(id, import, BlockPointer, take_text)
#define DEFINE_BYTES_OF(id, import) DEFINE_TAKE1(id, import, BlockPointer, take_bytes)
#define DEFINE_INTEGER_OF(id, import) DEFINE_TAKE1(id, import, int64_t, new_integer)
#define DEFINE_FLOAT_OF(id, import) DEFINE_TAKE1(id, import, double, new_number)
#define DEFINE_COUNT_OF(id, import) DEFINE_TAKE1(id, import, int32_t, new_integer)
#define DEFINE_TEXT_OF2(id, import) DEFINE_TAKE2(id, import, BlockPointer, take_text)
#define DEFINE_INTEGER_OF2(id, import) DEFINE_TAKE2(id, import, int64_t, new_integer)
#define DEFINE_TEXT_OF3(id, import)                               \
  FUNCTION(id) {                                                  \
    size_t size, length, rest;                                    \
    const char *text = text_of(L, 1, &size);                      \
    const char *more = text_of(L, 2, &length);                    \
    const char *last = text_of(L, 3, &rest);                      \
    Block *first = make_block(0, text, (uint32_t)size, 1);        \
    Block *second = make_block(1, more, (uint32_t)length, 1);     \
    Block *third = make_block(2, last, (uint32_t)rest, 1);        \
    const bool made = first && second && third;                   \
    Block *result = made ? import(first, second, third) : NULL;   \
    if (first) drop(first);                                       \
    if (second) drop(second);                                     \
    if (third) drop(third);                                       \
    if (!made) no_memory(L);                                      \
    return take_text(L, result);                                  \
  }
#define DEFINE_SET(id, import) DEFINE_DO1(id, import, 1)
#define DEFINE_SET_DATA(id, import) DEFINE_DO1(id, import, 0)
#define DEFINE_SET2(id, import) DEFINE_DO2(id, import, 1)
#define DEFINE_SET2_DATA(id, import) DEFINE_DO2(id, import, 0)
#define DEFINE_PUT_INTEGER(id, import) DEFINE_KEY_SET(id, int64_t, to_integer, import(key, value), nothing(L))
#define DEFINE_PUT_FLOAT(id, import) DEFINE_KEY_SET(id, double, to_number, import(key, value), nothing(L))
#define DEFINE_ADD_INTEGER(id, import) \
  DEFINE_KEY_SET(id, int64_t, to_integer, value = import(key, value), new_integer(L, value))
#define DEFINE_ADD_FLOAT(id, import) \
  DEFINE_KEY_SET(id, double, to_number, value = import(key, value), new_number(L, value))
#define DEFINE_SET_STATUS(id, import)                             \
  FUNCTION(id) {                                                  \
    const int64_t status = to_integer(L, 1);                      \
    import(status == (int32_t)status ? (int32_t)status : -1);     \
    return nothing(L);                                            \
  }
#define DEFINE_LOG(id, import)                                \
  FUNCTION(id) {                                              \
    const int64_t level = to_integer(L, 1);                   \
    size_t size;                                              \
    const char *text = text_of(L, 2, &size);                  \
    Block *block = make_block(1, text, (uint32_t)size, 1);    \
    if (!block) no_memory(L);                                 \
    import((uint32_t)level, block);                           \
    drop(block);                                              \
    return nothing(L);                                        \
  }

#define DEFINE(shape, id, name, import) DEFINE_##shape(id, import)
ALL_FUNCTIONS(DEFINE)

#define ENTRY(shape, id, name, import) {name, id},
static const luaL_Reg kRequest[] = {REQUEST_FUNCTIONS(ENTRY){NULL, NULL}};
static const luaL_Reg kResponse[] = {RESPONSE_FUNCTIONS(ENTRY){NULL, NULL}};
static const luaL_Reg kCluster[] = {CLUSTER_FUNCTIONS(ENTRY){NULL, NULL}};
static const luaL_Reg kGlobal[] = {GLOBAL_FUNCTIONS(ENTRY){NULL, NULL}};
static const luaL_Reg kNative[] = {NATIVE_FUNCTIONS(ENTRY){NULL, NULL}};

/* ---- life ---- */

static void *allocate(void *user, void *block, size_t old_size, size_t size) {
  if (size == 0) {
    free(block);
    return NULL;
  }
  budget -= (int)(size / kBytesOfUnit);
  return realloc(block, size);
}

static void *allocate_or_collect(void *user, void *block, size_t old_size, size_t size) {
  void *made = allocate(user, block, old_size, size);
  if (made || size == 0) return made;
  collect_garbage();
  return allocate(user, block, old_size, size);
}

/* "getBody" becomes "get_body". */
static void set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name; ++functions) {
    char name[64];
    char *out = name;
    for (const char *c = functions->name; *c; ++c) {
      if (*c >= 'A' && *c <= 'Z') *out++ = '_';
      *out++ = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    *out = 0;
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, name);
  }
}

static void define(lua_State *L, const char *name, const luaL_Reg *functions) {
  lua_newtable(L);
  set_functions(L, functions);
  lua_setglobal(L, name);
}

static const luaL_Reg kLibraries[] = {
    {LUA_GNAME, luaopen_base},         {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},    {LUA_UTF8LIBNAME, luaopen_utf8},
};

/* An error with the place in the script, for the prelude. */
static int raise_text(lua_State *L) {
  size_t size;
  const char *reason = luaL_checklstring(L, 1, &size);
  return raise(L, reason, size);
}

static int traceback(lua_State *L) {
  lua_State *of = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  const int message = of == L ? 1 : 2;
  lua_settop(L, message);
  if (lua_isnil(L, message) || lua_isstring(L, message))
    luaL_traceback(L, of, lua_tostring(L, message), of == L ? 1 : 0);
  return 1;
}

static int make_state(lua_State *L) {
  for (size_t i = 0; i < sizeof kLibraries / sizeof *kLibraries; ++i) {
    luaL_requiref(L, kLibraries[i].name, kLibraries[i].func, 1);
    lua_pop(L, 1);
  }
  define(L, "request", kRequest);
  define(L, "response", kResponse);
  define(L, "cluster", kCluster);
  lua_pushglobaltable(L);
  set_functions(L, kGlobal);
  lua_pop(L, 1);
  if (luaL_loadbufferx(L, kPrelude, sizeof kPrelude - 1, "=sluice.lua", "t") != LUA_OK) lua_error(L);
  lua_newtable(L);
  set_functions(L, kNative);
  lua_pushcfunction(L, traceback);
  lua_setfield(L, -2, "traceback");
  lua_pushcfunction(L, raise_text);
  lua_setfield(L, -2, "raise");
  lua_call(L, 1, 0);
  return 0;
}

/* Without a byte order mark and a first line that begins with #, as Lua reads files. The end of that line
 * stays, so that lines keep their numbers. */
static const char *begin_of_script(void) {
  static const char kMark[] = "\xef\xbb\xbf";
  const char *at = script.text;
  if (strncmp(at, kMark, sizeof kMark - 1) == 0) at += sizeof kMark - 1;
  return *at == '#' ? at + strcspn(at, "\n") : at;
}

static int load_script(lua_State *L) {
  char name[sizeof script.name + 1];
  snprintf(name, sizeof name, "=%s", script.name);
  const char *text = begin_of_script();
  const size_t size = script.size - (size_t)(text - script.text);
  if (luaL_loadbufferx(L, text, size, name, "t") != LUA_OK) lua_error(L);
  return 1;
}

/* A function of the table that the script has returned, or a global one, taken from the stack. The
 * script's metamethods do not run: nothing would catch their errors. */
static int take_function(const char *name, bool is_needed) {
  int type = LUA_TNIL;
  if (lua_istable(state, -1)) {
    lua_pushstring(state, name);
    type = lua_rawget(state, -2);
  } else {
    lua_pushnil(state);
  }
  if (type == LUA_TNIL) {
    lua_pop(state, 1);
    lua_pushglobaltable(state);
    lua_pushstring(state, name);
    type = lua_rawget(state, -2);
    lua_remove(state, -2);
  }
  if (type == LUA_TFUNCTION) return luaL_ref(state, LUA_REGISTRYINDEX);
  lua_pop(state, 1);
  char reason[80];
  if (type != LUA_TNIL) {
    snprintf(reason, sizeof reason, "`%s` is no function", name);
  } else {
    snprintf(reason, sizeof reason, "no function %s: write `function %s() … end`", name, name);
  }
  if (type != LUA_TNIL || is_needed) fail_at(last_line(), 0, reason, false);
  return LUA_NOREF;
}

/* Begins with the script: a string array of its name and its text. Called once, first. */
EXPORT(sluice_script) void sluice_script(char *array) {
  sluice_errors_to(&host_error.block, kErrorBytesMax);
  if (!keep_script(array)) return fail_at(0, 0, "out of memory", false);
  wasm_free(array);
  state = lua_newstate(allocate, NULL);
  if (!state) return fail_at(0, 0, "out of memory", false);
  lua_pushcfunction(state, make_state);
  if (!call(0, 0)) return;
  lua_pushcfunction(state, load_script);
  if (!call(0, 1)) return;
  if (!call(0, 1)) return;
  run_function = take_function("run", true);
  if (run_function != LUA_NOREF) init_function = take_function("init", false);
  lua_settop(state, 0);
}

static int begin(lua_State *L) {
  char *array = lua_touserdata(L, 1);
  const uint32_t count = ((Block *)array)->size;
  const char *at = array + 4;
  lua_newtable(L);
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    const Block *key = (const Block *)at;
    const Block *value = (const Block *)(key->bytes + key->size);
    lua_pushlstring(L, key->bytes, text_size(key));
    lua_pushlstring(L, value->bytes, text_size(value));
    lua_rawset(L, -3);
    at = value->bytes + value->size;
  }
  wasm_free(array);
  lua_pushglobaltable(L);
  lua_pushliteral(L, "params");
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  if (init_function == LUA_NOREF) return 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, init_function);
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  return 0;
}

EXPORT(wasm_init) void wasm_init(char *array) {
  lua_pushcfunction(state, begin);
  lua_pushlightuserdata(state, array);
  call(1, 0);
  lua_settop(state, 0);
}

enum { kFailed = -1 };

EXPORT(wasm_run) int32_t wasm_run(void) {
  result_room_taken = false; /* an error can have left it */
  lua_rawgeti(state, LUA_REGISTRYINDEX, run_function);
  if (!call(0, 1)) {
    lua_settop(state, 0);
    return kFailed;
  }
  int exact = 1;
  const int64_t result = lua_isnil(state, -1) ? 0 : lua_tointegerx(state, -1, &exact);
  const bool good = exact && result >= 0 && result <= 9 && lua_type(state, -1) != LUA_TSTRING;
  if (!good) {
    char reason[128];
    const char *quote = lua_type(state, -1) == LUA_TSTRING ? "\"" : "";
    const char *text = lua_tostring(state, -1);
    snprintf(reason, sizeof reason, "run returned %s%.60s%s: it has to return a number from 0 to 9, or nothing",
             quote, text ? text : luaL_typename(state, -1), quote);
    fail_at(0, 0, reason, false);
  }
  lua_settop(state, 0);
  return good ? (int32_t)result : kFailed;
}
