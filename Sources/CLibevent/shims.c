#define _GNU_SOURCE
#include "CLibevent.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <pthread.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int rs_dup3(int from, int to, int flags) { return dup3(from, to, flags); }

int rs_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int rs_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int rs_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

static int listen_on(const struct addrinfo *address, int backlog, int reuse_port, unsigned user_timeout_ms, const char **call) {
    const int on = 1;
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (fd < 0) {
        *call = "socket";
        return -1;
    }
    /* NODELAY and USER_TIMEOUT are inherited by accepted sockets: two system calls less for each. */
    *call = "setsockopt";
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) goto fail;
    if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) goto fail;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) goto fail;
    if (user_timeout_ms && setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms) < 0) goto fail;
    *call = "bind";
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0) goto fail;
    *call = "listen";
    if (listen(fd, backlog) < 0) goto fail;
    return fd;
fail:;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int rs_listen(const char *host, uint16_t port, int backlog, int reuse_port, unsigned user_timeout_ms, const char **call, int *address_error) {
    char service[8];
    struct addrinfo hints, *addresses = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    *address_error = getaddrinfo(host, service, &hints, &addresses);
    if (*address_error != 0) {
        *call = "getaddrinfo";
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next) fd = listen_on(a, backlog, reuse_port, user_timeout_ms, call);
    int error = errno;
    freeaddrinfo(addresses);
    errno = error;
    return fd;
}

int rs_local_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -1;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    errno = EAFNOSUPPORT;
    return -1;
}

static __thread int accept_error;

static void on_accept_error(struct evconnlistener *listener, void *http) {
    (void)http;
    accept_error = errno ? errno : EIO;
    evconnlistener_disable(listener);
}

int rs_take_accept_error(void) {
    int error = accept_error;
    accept_error = 0;
    return error;
}

struct evhttp_bound_socket *rs_evhttp_listen(struct evhttp *http, struct event_base *base, int fd) {
    struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener) return NULL;
    struct evhttp_bound_socket *bound = evhttp_bind_listener(http, listener);
    if (!bound) {
        evconnlistener_free(listener);
        return NULL;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    evconnlistener_enable(listener);
    return bound;
}

/* Allocated as libevent would: evhttp frees it, with free(3), since nobody calls event_set_mem_functions. */
int rs_evhttp_add_lines(struct evkeyvalq *headers, const char *name, const char *value, size_t length) {
    struct evkeyval *entry = calloc(1, sizeof *entry);
    if (!entry) return -1;
    entry->key = strdup(name);
    entry->value = strndup(value, length);
    if (!entry->key || !entry->value) {
        free(entry->key);
        free(entry->value);
        free(entry);
        return -1;
    }
    TAILQ_INSERT_TAIL(headers, entry, next);
    return 0;
}

int rs_thread_id(void) { return gettid(); }

void rs_name_thread(const char *name) {
    char cut[16];
    snprintf(cut, sizeof cut, "%s", name);
    pthread_setname_np(pthread_self(), cut);
}

int rs_unacknowledged(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) < 0 ? -1 : bytes;
}
