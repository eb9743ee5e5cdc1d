# SPDX-License-Identifier: MIT
"""What quoin-boot-test consists of: steps (the files), session (one machine), report (what came of it)."""
