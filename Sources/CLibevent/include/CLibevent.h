#ifndef CLIBEVENT_H
#define CLIBEVENT_H
/* First: without it a clean build fails on fd_set.__fds_bits. */
#include <features.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdint.h>

/* What Swift cannot import: GNU extensions, calls that the Glibc module leaves out, macros, and a callback that needs a thread-local. */

/** dup3(2), a GNU extension that Swift's Glibc module does not show. */
int rs_dup3(int from, int to, int flags);

/** A non-blocking, close-on-exec eventfd(2), which Swift's Glibc module does not have; -1 and errno on failure. */
int rs_eventfd(void);

/** pidfd_open(2): a system call without a function in glibc 2.36; the descriptor is close-on-exec. */
int rs_pidfd_open(pid_t pid);

/** accept4(2) with close-on-exec and non-blocking, a GNU extension; the peer's address is not wanted. */
int rs_accept(int listener);

/**
 * A listening, non-blocking, close-on-exec TCP socket. getaddrinfo's structures are painful in Swift.
 *
 * @param reuse_port share the port with other listeners of this process (SO_REUSEPORT).
 * @param user_timeout_ms TCP_USER_TIMEOUT, inherited by what is accepted: a peer that acknowledges nothing for so long is gone; 0 for none.
 * @param call set to the name of the call that failed.
 * @return the descriptor, or -1: errno tells, or where *call is "getaddrinfo", *address_error holds its EAI code.
 */
int rs_listen(const char *host, uint16_t port, int backlog, int reuse_port, unsigned user_timeout_ms, const char **call, int *address_error);

/** The port a socket is bound to, or -1 and errno. */
int rs_local_port(int fd);

/**
 * Listens with evconnlistener on an already listening socket, and hands it to evhttp.
 *
 * evhttp overwrites the user data of the listener with itself, so that an accept-error callback cannot know whose error it is: this one
 * disables the listener (which otherwise spins on EMFILE) and notes the error for rs_take_accept_error in a thread-local variable.
 *
 * @return NULL on failure; the socket is then still the caller's.
 */
struct evhttp_bound_socket *rs_evhttp_listen(struct evhttp *http, struct event_base *base, int fd);

/**
 * Adds one entry to evhttp's list of headers whose value may go on with further whole lines ("a\r\nName: b"), which evhttp_add_header refuses;
 * evhttp writes it as it is. The list is made of TAILQ macros. Nothing is checked: that no line was smuggled in is the caller's business.
 *
 * An entry costs evhttp two allocations, a copy and a printf, so a block of five costs a quarter of five.
 *
 * @return 0, or -1 when the process is out of memory.
 */
int rs_evhttp_add_lines(struct evkeyvalq *headers, const char *name, const char *value, size_t length);

/** The errno of the last accept that failed on this thread, and 0 from then on. */
int rs_take_accept_error(void);

/** pthread_setname_np(3), a GNU extension; names longer than 15 bytes are cut. */
void rs_name_thread(const char *name);

/** The kernel's number of the calling thread (gettid(2), a GNU extension). */
int rs_thread_id(void);

/** Bytes that the kernel has not yet delivered and had acknowledged (SIOCOUTQ); ioctl is variadic. -1 and errno on failure. */
int rs_unacknowledged(int fd);
#endif
