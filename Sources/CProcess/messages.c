#define _GNU_SOURCE
#include "internal.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the descriptors of one message. */
union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int) * RS_GUARD_DESCRIPTORS)];
};

int rs_send_order(int socket, const struct rs_guard_order *order, const int *descriptors) {
    struct rs_guard_order copy = *order;
    struct iovec bytes = { &copy, sizeof copy };
    union control control = { 0 };
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
    if (descriptors) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.room;
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * RS_GUARD_DESCRIPTORS);
        memcpy(CMSG_DATA(&control.head), descriptors, sizeof(int) * RS_GUARD_DESCRIPTORS);
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

int rs_take_order(int socket, int flags, struct rs_guard_order *order, int descriptors[RS_GUARD_DESCRIPTORS], int *count) {
    struct iovec bytes = { order, sizeof *order };
    union control control = { 0 };
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.room };
    *count = 0;
    ssize_t length;
    while ((length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {}
    if (length < 0) return errno == EAGAIN ? 0 : -1;
    if (length == 0) return -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        *count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(head), sizeof(int) * (size_t)*count);
    }
    return 1;
}

void rs_report(int socket, const struct rs_guard_report *report, const char *call) {
    struct rs_guard_report copy = *report;
    for (size_t at = 0; call && call[at] && at < sizeof copy.call - 1; at++) copy.call[at] = call[at];
    /* Waits for room. With MSG_NOSIGNAL: the server may be gone. */
    while (send(socket, &copy, sizeof copy, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

int rs_take_report(int socket, struct rs_guard_report *report) {
    for (;;) {
        ssize_t length = recv(socket, report, sizeof *report, MSG_DONTWAIT);
        if (length == (ssize_t)sizeof *report) return 1;
        if (length < 0 && errno == EINTR) continue;
        return length < 0 && errno == EAGAIN ? 0 : -1;
    }
}
