#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own entry (FuzzerInterface.h), which Swift's toolchain has as a library without a header. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
