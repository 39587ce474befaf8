/* One stream's connection: opened, asked, read, broken off. */
#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int open_stream(struct client *client, int index) {
    const struct cload_options *options = client->options;
    struct stream *stream = &client->streams[index];
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->fd < 0) return errno;
    if (stream->slow) setsockopt(stream->fd, SOL_SOCKET, SO_RCVBUF, &(int){SLOW_BUFFER}, sizeof(int));
    if (options->sources > 0) {
        setsockopt(stream->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
        struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000002u + (uint32_t)(index % options->sources))};
        if (bind(stream->fd, (struct sockaddr *)&source, sizeof source) < 0) return errno;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
    inet_pton(AF_INET, options->host, &address.sin_addr);
    if (connect(stream->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) return errno;
    stream->state = STREAM_HEAD;
    stream->connecting = true;
    stream->has_data = false;
    stream->pending_id = 0;
    struct epoll_event event = {.events = EPOLLOUT | EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(client->epoll, EPOLL_CTL_ADD, stream->fd, &event);
    client->connecting++;
    return 0;
}

static void hang_up(struct client *client, struct stream *stream) {
    if (stream->connecting) client->connecting--;
    else client->open--;
    stream->connecting = false;
    close(stream->fd);
    stream->fd = -1;
    free(stream->carry);
    stream->carry = NULL;
    stream->carried = 0;
}

void end_stream(struct client *client, struct stream *stream) {
    hang_up(client, stream);
    check_end(&client->ledger, stream);
    stream->state = STREAM_CLOSED;
    client->ended_at = cload_now();
    client->ended++;
    if (!stream->slow) client->fast_ended++;
}

void drop_stream(struct client *client, int index) {
    struct stream *stream = &client->streams[index];
    if (stream->state == STREAM_CLOSED || stream->connecting || stream->done) return;
    hang_up(client, stream);
    client->waiting[client->waiting_count++] = index;
    stream->connecting = true; /* until it is opened again nothing else touches it */
    client->connecting++;
    client->result->dropped++;
}

void send_request(struct client *client, int index) {
    struct stream *stream = &client->streams[index];
    char request[1024], cursor[64] = "";
    if (stream->last_id >= 0) snprintf(cursor, sizeof cursor, "Last-Event-ID: %lld\r\n", (long long)stream->last_id);
    const int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: text/event-stream\r\n%s\r\n",
                                client->options->paths[stream->path], client->options->host, client->options->port, cursor);
    stream->requested_at = cload_now();
    if (send(stream->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
        end_stream(client, stream);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(client->epoll, EPOLL_CTL_MOD, stream->fd, &event);
}

static void head_arrived(struct client *client, int index) {
    struct stream *stream = &client->streams[index];
    stream->connecting = false;
    client->connecting--;
    client->open++;
    client->result->connected++;
    if (stream->slow && !client->slow_released) epoll_ctl(client->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
    if (client->result->first_byte_seconds == 0) client->result->first_byte_seconds = seconds(stream->requested_at, stream->opened_at);
}

void read_stream(struct client *client, int index, size_t limit) {
    struct stream *stream = &client->streams[index];
    if (stream->carried > 0) memcpy(client->buffer, stream->carry, stream->carried);
    const ssize_t count = recv(stream->fd, client->buffer + stream->carried, limit, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        end_stream(client, stream);
        return;
    }
    client->result->receives++;
    client->result->bytes += (uint64_t)count;
    client->result->all_bytes += (uint64_t)count;
    const size_t total = stream->carried + (size_t)count;
    client->buffer[total] = 0;
    const size_t used = wire_feed(&client->ledger, stream, client->buffer, total, cload_now());
    if (total - used > CARRY_LIMIT) check_problem(&client->ledger, stream, &client->result->malformed, 1, "a chunk without end");
    if (used == total || total - used > CARRY_LIMIT) {
        free(stream->carry);
        stream->carry = NULL;
        stream->carried = 0;
    } else {
        if (stream->carried < total - used || !stream->carry) stream->carry = realloc(stream->carry, total - used);
        memcpy(stream->carry, client->buffer + used, total - used);
        stream->carried = total - used;
    }
    if (stream->connecting && stream->state != STREAM_HEAD) head_arrived(client, index);
    if (stream->state == STREAM_LAST && client->options->wire == CLOAD_RAW) end_stream(client, stream);
}
