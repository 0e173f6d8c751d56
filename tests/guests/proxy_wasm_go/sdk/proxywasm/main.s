// SPDX-License-Identifier: Apache-2.0
// Empty: it lets Go declare a function without a body.
