#ifndef CCRYPTO_H
#define CCRYPTO_H
#include <features.h>
#include <stddef.h>
#include <stdint.h>

// libcrypto as three calls over plain bytes, so that Swift meets neither OpenSSL's macros nor its opaque contexts.

/// HMAC-SHA-256 of `message` under `key` into `out` (32 bytes). Returns 1, or 0 if libcrypto could not.
int rs_hmac_sha256(const void *key, size_t key_length, const void *message, size_t message_length, uint8_t *out);

/// Fills `out` with bytes from libcrypto's generator. Returns 1, or 0 if it has no entropy.
int rs_random_bytes(void *out, size_t length);

/// Whether `length` bytes are equal, in a time that depends on `length` alone.
int rs_equal_constant_time(const void *left, const void *right, size_t length);
#endif
