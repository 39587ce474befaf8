/* floor send PORT   the usual design: each event to each stream with a send of its own
 * floor log PORT    one log, many cursors: each stream gets all that it lacks with one send, in slices
 * floor get PORT    evhttp that answers every GET alike
 *
 * Prints `listening on PORT`; port 0 is any free one. One thread each. */
#define _GNU_SOURCE
#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { SLICE = 256 };
static const uint32_t LISTENER = UINT32_MAX, INPUT = UINT32_MAX - 1;

static void watch(struct floor *floor, int fd, uint32_t which) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = which};
    epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 4096) < 0) {
        fprintf(stderr, "listen: %s\n", strerror(errno));
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* One slice of the fan-out a turn, so that requests and new lines get in between; on from where the last one ended, so that nobody starves. */
static void walk(struct floor *floor) {
    for (int left = SLICE; left > 0 && floor->unvisited > 0; left--, floor->unvisited--) {
        if (floor->walk >= floor->count) floor->walk = 0;
        if (!floor->viewers[floor->walk].blocked) floor_send(floor, floor->walk);
        floor->walk++;
    }
}

static void turn(struct floor *floor) {
    struct epoll_event events[512];
    const int ready = epoll_wait(floor->epoll, events, 512, floor->unvisited > 0 ? 0 : -1);
    for (int index = 0; index < ready; index++) {
        const uint32_t which = events[index].data.u32;
        if (which == LISTENER) floor_accept(floor);
        else if (which == INPUT) floor_input(floor);
        else {
            if (events[index].events & EPOLLOUT) floor_send(floor, which);
            if (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) floor_request(floor, which);
        }
    }
    walk(floor);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: floor send|log|get PORT\n");
        return 2;
    }
    const uint16_t port = (uint16_t)atoi(argv[2]);
    if (strcmp(argv[1], "get") == 0) return fixed_get(port);
    struct floor floor = {.room = 1024, .one_send_per_event = strcmp(argv[1], "send") == 0};
    floor.viewers = calloc(floor.room, sizeof *floor.viewers);
    frames_init(&floor.frames);
    floor.epoll = epoll_create1(EPOLL_CLOEXEC);
    floor.listener = listen_on(port);
    watch(&floor, floor.listener, LISTENER);
    fcntl(0, F_SETFL, O_NONBLOCK);
    watch(&floor, 0, INPUT);
    for (;;) turn(&floor);
}
