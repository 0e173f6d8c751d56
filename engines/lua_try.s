# SPDX-License-Identifier: Apache-2.0
# An error of Lua is an exception of WebAssembly: there is no longjmp.
	.globaltype __stack_pointer, i32
	.tagtype	lua_error_tag
	.globl	lua_error_tag
lua_error_tag:

# int lua_try(lua_State*, void (*function)(lua_State*, void*), void*): 1 if lua_throw() was called in it.
	.section .text.lua_try,"",@
	.globl	lua_try
	.type	lua_try,@function
lua_try:
	.functype lua_try (i32, i32, i32) -> (i32)
	.local i32
	global.get __stack_pointer
	local.set 3
	block
	try_table (catch_all 0)
	local.get 0
	local.get 2
	local.get 1
	call_indirect (i32, i32) -> ()
	i32.const 0
	return
	end_try_table
	end_block
	local.get 3
	global.set __stack_pointer
	i32.const 1
	end_function

	.section .text.lua_throw,"",@
	.globl	lua_throw
	.type	lua_throw,@function
lua_throw:
	.functype lua_throw () -> ()
	throw lua_error_tag
	end_function
