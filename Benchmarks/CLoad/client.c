/* The epoll loop: when streams are opened, read, dropped and opened again, and for how long. */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const uint32_t GO = UINT32_MAX;

uint64_t cload_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
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
