/* The epoll loop: opens, reads, drops and reopens streams, and keeps the time. */
#define _GNU_SOURCE
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10, CARRY_LIMIT = 1 << 20, SLOW_BYTES = 1024, SLOW_BUFFER = 4096 };
static const uint32_t GO = UINT32_MAX;

struct client {
    struct ledger ledger;
    const struct cload_options *options;
    struct cload_result *result;
    struct stream *streams;
    int epoll, next, connecting, open, ended, fast_ended, fast;
    int *waiting, waiting_count; /* dropped streams that are to be opened again */
    int churn_next, slow_next;
    uint64_t churned;
    uint64_t started, ended_at, go_at, storm_at, storm_over, storm_reached, slow_at;
    double cpu_at_go;
    bool told, went, slow_released;
    char *buffer;
};

uint64_t cload_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double seconds(uint64_t from, uint64_t to) { return (double)(to - from) / 1e9; }

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int open_stream(struct client *client, int index) {
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

static void end_stream(struct client *client, struct stream *stream) {
    hang_up(client, stream);
    check_end(&client->ledger, stream);
    stream->state = STREAM_CLOSED;
    client->ended_at = cload_now();
    client->ended++;
    if (!stream->slow) client->fast_ended++;
}

/* The viewer's connection breaks; it will be back with the last id it has seen whole. */
static void drop_stream(struct client *client, int index) {
    struct stream *stream = &client->streams[index];
    if (stream->state == STREAM_CLOSED || stream->connecting || stream->done) return;
    hang_up(client, stream);
    client->waiting[client->waiting_count++] = index;
    stream->connecting = true; /* until it is opened again nothing else touches it */
    client->connecting++;
    client->result->dropped++;
}

static void send_request(struct client *client, int index) {
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

static void read_stream(struct client *client, int index, size_t limit) {
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

/* A tenth of the slow streams every 100 ms, so that each reads 1 KB a second. */
static void read_slow(struct client *client, uint64_t now) {
    if (client->options->slow_percent == 0 || client->slow_released) return;
    if (client->fast_ended == client->fast) {
        client->slow_released = true;
        for (int index = 0; index < client->options->streams; index++) {
            struct stream *stream = &client->streams[index];
            if (!stream->slow || stream->state == STREAM_CLOSED || stream->connecting) continue;
            struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
            epoll_ctl(client->epoll, EPOLL_CTL_ADD, stream->fd, &event);
        }
        return;
    }
    if (now < client->slow_at) return;
    client->slow_at = now + 100000000u;
    for (int index = client->slow_next; index < client->options->streams; index += 10) {
        struct stream *stream = &client->streams[index];
        if (stream->slow && stream->state == STREAM_BODY && !stream->connecting) read_stream(client, index, SLOW_BYTES);
    }
    client->slow_next = (client->slow_next + 1) % 10;
}

static void churn(struct client *client, uint64_t now) {
    const struct cload_options *options = client->options;
    if (options->churn_rate <= 0 || !client->went) return;
    const uint64_t due = (uint64_t)(seconds(client->go_at, now) * options->churn_rate);
    for (; client->churned < due; client->churned++) {
        drop_stream(client, client->churn_next);
        client->churn_next = (client->churn_next + 1) % options->streams;
    }
}

static void storm(struct client *client, uint64_t now) {
    const struct cload_options *options = client->options;
    if (options->storm_seconds <= 0 || !client->went) return;
    if (client->storm_at == 0 && seconds(client->go_at, now) >= options->storm_seconds) {
        client->storm_at = now;
        for (int index = 0; index < options->streams; index++) drop_stream(client, index);
    } else if (client->storm_at > 0 && client->storm_over == 0 && client->connecting == 0) {
        client->storm_over = now;
        client->result->storm_connect_seconds = seconds(client->storm_at, now);
    } else if (client->storm_over > 0 && client->storm_reached == 0) {
        const int64_t due = (int64_t)(seconds(client->go_at, client->storm_over) * options->rate);
        for (int index = 0; index < options->streams; index++) {
            if (client->streams[index].next_n < due && client->streams[index].next_n < options->events) return;
        }
        client->storm_reached = now;
        client->result->storm_catch_up_seconds = seconds(client->storm_over, now);
    }
}

static int open_more(struct client *client) {
    const struct cload_options *options = client->options;
    int failure = 0;
    while (!failure && client->next < options->streams && client->connecting < options->connect_batch) {
        failure = open_stream(client, client->next++);
    }
    while (!failure && client->waiting_count > 0 && client->connecting - client->waiting_count < options->connect_batch) {
        client->connecting--;
        failure = open_stream(client, client->waiting[--client->waiting_count]);
    }
    return failure;
}

static void all_open(struct client *client) {
    client->told = true;
    client->result->connect_seconds = seconds(client->started, cload_now());
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = GO};
    if (client->options->go_fd >= 0) epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->options->go_fd, &event);
    client->options->opened(client->options->context);
}

static void go(struct client *client) {
    epoll_ctl(client->epoll, EPOLL_CTL_DEL, client->options->go_fd, NULL);
    client->went = true;
    client->cpu_at_go = cpu_seconds();
    client->result->bytes = client->result->receives = 0;
    client->go_at = client->ledger.go_at = cload_now();
    client->options->go(client->options->context);
}

static bool is_over(struct client *client, uint64_t now) {
    const struct cload_options *options = client->options;
    if (seconds(client->started, now) > options->deadline_seconds) return true;
    if (options->hold_seconds > 0) return client->went && seconds(client->go_at, now) > options->hold_seconds;
    return client->ended == options->streams && client->went;
}

static int loop(struct client *client) {
    struct epoll_event events[512];
    client->started = cload_now();
    for (uint64_t now = client->started; !is_over(client, now); now = cload_now()) {
        const int failure = open_more(client);
        if (failure) return failure;
        if (!client->told && client->next == client->options->streams && client->connecting == 0) all_open(client);
        const int ready = epoll_wait(client->epoll, events, 512, client->options->churn_rate > 0 ? 1 : 20);
        for (int index = 0; index < ready; index++) {
            const uint32_t which = events[index].data.u32;
            if (which == GO) go(client);
            else if (client->streams[which].state == STREAM_CLOSED) continue;
            else if (events[index].events & EPOLLOUT) send_request(client, (int)which);
            else read_stream(client, (int)which, READ_BYTES);
        }
        now = cload_now();
        churn(client, now);
        storm(client, now);
        read_slow(client, now);
    }
    return 0;
}

static bool prepare(struct client *client) {
    const struct cload_options *options = client->options;
    const size_t events = (size_t)options->path_count * (size_t)options->events + 1;
    client->streams = calloc((size_t)options->streams, sizeof *client->streams);
    client->waiting = calloc((size_t)options->streams, sizeof *client->waiting);
    client->buffer = malloc(CARRY_LIMIT + 2 * READ_BYTES);
    client->ledger = (struct ledger){.options = options, .result = client->result};
    client->ledger.latest = calloc(events, sizeof *client->ledger.latest);
    client->ledger.receipts = calloc(events, sizeof *client->ledger.receipts);
    client->ledger.viewers = calloc((size_t)options->path_count, sizeof *client->ledger.viewers);
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!client->streams || !client->waiting || !client->buffer || !client->ledger.latest || !client->ledger.receipts || !client->ledger.viewers) {
        return false;
    }
    for (int index = 0; index < options->streams; index++) {
        struct stream *stream = &client->streams[index];
        stream->path = index % options->path_count;
        stream->slow = index / options->path_count % 100 < options->slow_percent;
        stream->last_id = options->last_event_id;
        stream->next_n = options->last_event_id >= 0 ? -1 : 0;
        if (stream->slow) continue;
        client->fast++;
        client->ledger.viewers[stream->path]++;
    }
    return client->epoll >= 0;
}

int cload_run(const struct cload_options *options, struct cload_result *result) {
    memset(result, 0, sizeof *result);
    struct client client = {.options = options, .result = result};
    int failure = prepare(&client) ? loop(&client) : ENOMEM;
    for (int index = 0; !failure && index < client.next; index++) {
        if (client.streams[index].state != STREAM_CLOSED) end_stream(&client, &client.streams[index]);
    }
    if (!failure) check_fan_out(&client.ledger);
    result->stream_seconds = client.went && client.ended_at > client.go_at ? seconds(client.go_at, client.ended_at) : 0;
    result->all_seconds = client.ended_at ? seconds(client.started, client.ended_at) : 0;
    result->cpu_seconds = cpu_seconds() - client.cpu_at_go;
    close(client.epoll);
    free(client.streams);
    free(client.waiting);
    free(client.buffer);
    free(client.ledger.latest);
    free(client.ledger.receipts);
    free(client.ledger.viewers);
    return failure;
}
