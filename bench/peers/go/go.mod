// SPDX-License-Identifier: MIT OR Apache-2.0
module actors

go 1.19
