#include "CCrypto.h"
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

int rs_hmac_sha256(const void *key, size_t key_length, const void *message, size_t message_length, uint8_t *out) {
    unsigned int length = 0;
    static const uint8_t none = 0;  // HMAC() takes a NULL key for "the one set before"
    if (key_length > INT_MAX) return 0;
    if (HMAC(EVP_sha256(), key_length ? key : &none, (int)key_length, message, message_length, out, &length) == NULL) return 0;
    return length == 32;
}

int rs_random_bytes(void *out, size_t length) {
    return length <= INT_MAX && RAND_bytes(out, (int)length) == 1;
}

int rs_equal_constant_time(const void *left, const void *right, size_t length) {
    return CRYPTO_memcmp(left, right, length) == 0;
}
