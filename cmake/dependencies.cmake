# Everything from Debian 12 packages but Wasmtime (cargo, third_party/wasmtime).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# SLUICE_WASMTIME_DIR: cargo's release folder, made by tools/build_wasmtime.sh.
set(SLUICE_WASMTIME_DIR "" CACHE PATH "folder with libsluice_wasmtime and include/")
if(NOT EXISTS ${SLUICE_WASMTIME_DIR}/include/wasmtime.h)
  message(FATAL_ERROR "SLUICE_WASMTIME_DIR has no include/wasmtime.h: run `make build`, "
                      "or tools/build_wasmtime.sh and pass -DSLUICE_WASMTIME_DIR=<what it prints>")
endif()
add_library(wasmtime INTERFACE)
target_include_directories(wasmtime SYSTEM INTERFACE ${SLUICE_WASMTIME_DIR}/include)
if(SLUICE_SANITIZE STREQUAL "thread")
  # TSan would report Rust's own threads in a static library; a shared one it can be told to ignore.
  target_link_libraries(wasmtime INTERFACE ${SLUICE_WASMTIME_DIR}/lib/libsluice_wasmtime.so)
else()
  target_link_libraries(wasmtime INTERFACE ${SLUICE_WASMTIME_DIR}/lib/libsluice_wasmtime.a
                        Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
