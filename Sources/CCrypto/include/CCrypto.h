#ifndef CCRYPTO_H
#define CCRYPTO_H
#include <features.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#endif
