# Warnings are errors in our own code; sanitizers apply to all of it.
add_library(sluice_options INTERFACE)
target_compile_options(sluice_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow
                       -Wnon-virtual-dtor -Wold-style-cast -fno-omit-frame-pointer)
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(sluice_options INTERFACE SLUICE_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports uses of moved-from coroutine frames and vector growth that cannot happen.
  target_compile_options(sluice_options INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds
                         -Wno-stringop-overflow -Wno-restrict -Wno-dangling-pointer -Wno-stringop-overread)
  # A unity source includes .cc files, whose unnamed namespaces GCC takes for those of headers.
  target_compile_options(sluice_options INTERFACE -Wno-subobject-linkage)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 hides <expected> unless the compiler claims all of C++20's concepts; clang 16 has
  # what it needs of them.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-builtin-macro-redefined>
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-macro-redefined>
                      $<$<COMPILE_LANGUAGE:CXX>:-D__cpp_concepts=202002L>)
endif()
if(SLUICE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(SLUICE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(sluice_options INTERFACE -Wno-tsan)
  endif()
endif()
if(SLUICE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
# GCC keeps the counts beside the object files, so both halves build in one folder. What the training does
# not reach is compiled as without a profile.
if(SLUICE_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate -fprofile-update=atomic)
  add_link_options(-fprofile-generate)
elseif(SLUICE_PROFILE STREQUAL "use")
  add_compile_options(-fprofile-use -fprofile-partial-training -Wno-missing-profile)
  # GCC 12 inlines more by a profile, and reports a delete in nlohmann::json that cannot happen.
  target_compile_options(sluice_options INTERFACE -Wno-free-nonheap-object)
endif()
# Wasmtime's static library is large: lld links it in a fraction of the time.
find_program(SLUICE_LLD NAMES ld.lld-16 ld.lld)
if(SLUICE_LLD)
  add_link_options(-fuse-ld=lld)
  get_filename_component(lld_folder ${SLUICE_LLD} REALPATH)
  get_filename_component(lld_folder ${lld_folder} DIRECTORY)
  add_link_options(-B${lld_folder})
endif()
