#ifndef CCURL_H
#define CCURL_H
#include <features.h>
#include <curl/curl.h>

// Swift does not import variadic functions, and curl_easy_setopt and curl_easy_getinfo are: one shim for each type of argument.
CURLcode rs_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode rs_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode rs_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode rs_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode rs_curl_set_write(CURL *easy, CURLoption option, curl_write_callback value);
// The size first, then the bytes (which may hold NUL), in the order that CURLOPT_COPYPOSTFIELDS asks for.
CURLcode rs_curl_set_body(CURL *easy, const void *bytes, size_t count);

void rs_curl_get_private(CURL *easy, void **value);

// The code of a finished transfer: CURLMsg keeps it in a union. -1 if the message is not about an end.
int rs_curl_message_result(const CURLMsg *message);

// Blocks `signal` in the calling thread (and those it will start) and returns a descriptor that becomes readable when it arrives;
// -1 with errno. signalfd is not in Swift's Glibc module.
int rs_signal_descriptor(int signal);
// Ends what rs_signal_descriptor began: the signal acts again.
void rs_signal_descriptor_close(int descriptor, int signal);
#endif
