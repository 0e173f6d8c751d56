// SPDX-License-Identifier: Apache-2.0

// Step 6: parameters. The program is the one in index.ts; this file is here for
// the builds of all steps.

export * from './index'
