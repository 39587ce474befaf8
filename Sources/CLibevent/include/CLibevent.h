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
#endif
