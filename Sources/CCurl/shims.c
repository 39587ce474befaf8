#include "CCurl.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

CURLcode rs_curl_set_long(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }
CURLcode rs_curl_set_string(CURL *easy, CURLoption option, const char *value) { return curl_easy_setopt(easy, option, value); }
CURLcode rs_curl_set_pointer(CURL *easy, CURLoption option, void *value) { return curl_easy_setopt(easy, option, value); }
CURLcode rs_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(easy, option, value); }
CURLcode rs_curl_set_write(CURL *easy, CURLoption option, curl_write_callback value) { return curl_easy_setopt(easy, option, value); }

CURLcode rs_curl_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes ? bytes : "");
}

void rs_curl_get_private(CURL *easy, void **value) { curl_easy_getinfo(easy, CURLINFO_PRIVATE, value); }

int rs_curl_message_result(const CURLMsg *message) {
    return message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}

static sigset_t only(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

int rs_signal_descriptor(int signal) {
    sigset_t set = only(signal);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void rs_signal_descriptor_close(int descriptor, int signal) {
    sigset_t set = only(signal);
    struct signalfd_siginfo taken;
    // What has arrived has been acted upon: left pending, it would kill as soon as it is unblocked.
    while (read(descriptor, &taken, sizeof taken) > 0) {}
    close(descriptor);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
