// SPDX-License-Identifier: Apache-2.0
//! Empty: Cargo wants a library for the dependencies.
