#include "cfuzz.h"

/* The library's own main, which isn't used (main.swift is), wants it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    (void)data;
    (void)size;
    return 0;
}
