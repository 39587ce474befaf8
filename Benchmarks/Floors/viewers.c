#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_BYTES = 1 << 20 };

void floor_accept(struct floor *floor) {
    for (int fd; (fd = accept4(floor->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (floor->count == floor->room) {
            floor->viewers = realloc(floor->viewers, (floor->room *= 2) * sizeof *floor->viewers);
            if (!floor->viewers) exit(1);
        }
        floor->viewers[floor->count] = (struct viewer){.fd = fd};
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = floor->count++};
        epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void hang_up(struct viewer *viewer) {
    if (viewer->fd < 0) return;
    close(viewer->fd);
    viewer->fd = -1;
    viewer->opened = false;
}

void floor_request(struct floor *floor, uint32_t index) {
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n"
        "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\nretry: 2317\n: run_000000000000\n\r\n";
    struct viewer *viewer = &floor->viewers[index];
    char request[4096];
    const ssize_t count = viewer->fd < 0 ? 0 : recv(viewer->fd, request, sizeof request - 1, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        hang_up(viewer);
        return;
    }
    if (viewer->opened) return;
    request[count] = 0;
    const char *cursor = strstr(request, "Last-Event-ID: ");
    const size_t seen = cursor ? strtoull(cursor + 15, NULL, 10) : 0;
    viewer->frame = seen < floor->frames.ends ? seen : floor->frames.ends;
    viewer->position = floor->frames.starts[viewer->frame];
    viewer->opened = send(viewer->fd, head, sizeof head - 1, MSG_NOSIGNAL) == sizeof head - 1;
    if (viewer->opened) floor_send(floor, index);
}

static void wait_writable(struct floor *floor, uint32_t index, bool blocked) {
    struct viewer *viewer = &floor->viewers[index];
    if (viewer->blocked == blocked) return;
    viewer->blocked = blocked;
    struct epoll_event event = {.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u32 = index};
    epoll_ctl(floor->epoll, EPOLL_CTL_MOD, viewer->fd, &event);
}

void floor_send(struct floor *floor, uint32_t index) {
    struct viewer *viewer = &floor->viewers[index];
    const struct frames *frames = &floor->frames;
    while (viewer->opened && viewer->position < frames->count) {
        size_t end = frames->count;
        if (floor->one_send_per_event) {
            while (frames->starts[viewer->frame + 1] <= viewer->position) viewer->frame++;
            end = frames->starts[viewer->frame + 1];
        }
        const ssize_t sent = send(viewer->fd, frames->bytes + viewer->position, end - viewer->position, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            wait_writable(floor, index, true);
            return;
        }
        if (sent < 0) {
            hang_up(viewer);
            return;
        }
        viewer->position += (size_t)sent;
    }
    if (!viewer->opened) return;
    wait_writable(floor, index, false);
    if (floor->input_ended && viewer->position == frames->count) shutdown(viewer->fd, SHUT_WR);
}

static void send_to_all(struct floor *floor) {
    for (uint32_t index = 0; index < floor->count; index++) {
        if (!floor->viewers[index].blocked) floor_send(floor, index);
    }
}

void floor_input(struct floor *floor) {
    if (!floor->input) floor->input = malloc(INPUT_BYTES);
    if (!floor->input) exit(1);
    const ssize_t count = read(0, floor->input + floor->input_used, INPUT_BYTES - floor->input_used);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    size_t used = 0;
    if (count > 0) floor->input_used += (size_t)count;
    for (char *end; (end = memchr(floor->input + used, '\n', floor->input_used - used));) {
        frames_append(&floor->frames, floor->input + used, (size_t)(end - floor->input) - used);
        used = (size_t)(end - floor->input) + 1;
        if (floor->one_send_per_event) send_to_all(floor);
    }
    memmove(floor->input, floor->input + used, floor->input_used -= used);
    if (count <= 0) {
        epoll_ctl(floor->epoll, EPOLL_CTL_DEL, 0, NULL);
        frames_close(&floor->frames);
        floor->input_ended = true;
        if (floor->one_send_per_event) send_to_all(floor);
    }
    if (!floor->one_send_per_event) floor->unvisited = floor->count;
}
