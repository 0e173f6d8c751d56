// SPDX-License-Identifier: Apache-2.0

// An entry file which forgets to register a program.

export * from '../../easegress/proxy'
