/* What every stream must show: each id once and in order, each numbered event once and in order, [DONE], the last chunk, the close. */
#define _GNU_SOURCE
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

void check_problem(struct ledger *ledger, struct stream *stream, uint64_t *counter, uint64_t count, const char *what) {
    *counter += count;
    char *text = ledger->result->first_problem;
    if (text[0]) return;
    snprintf(text, sizeof ledger->result->first_problem, "descriptor %d, after id %lld and n %lld: %s (id %lld, n %lld)", stream->fd,
             (long long)stream->last_id, (long long)stream->next_n - 1, what, (long long)stream->pending_id, (long long)stream->pending_n);
}

static void check_id(struct ledger *ledger, struct stream *stream) {
    struct cload_result *result = ledger->result;
    if (ledger->options->wire == CLOAD_RAW || stream->pending_id == 0) return; /* nchan's ids are times; `gap` has none */
    const int64_t expected = stream->last_id < 0 ? 1 : stream->last_id + 1;
    if (stream->pending_id == expected - 1) check_problem(ledger, stream, &result->doubled, 1, "an id twice");
    else if (stream->pending_id < expected) check_problem(ledger, stream, &result->misordered, 1, "an id out of order");
    else if (stream->pending_id > expected) check_problem(ledger, stream, &result->lost, (uint64_t)(stream->pending_id - expected), "ids missing");
    if (stream->pending_id > stream->last_id) stream->last_id = stream->pending_id;
}

static void check_number(struct ledger *ledger, struct stream *stream, uint64_t now) {
    const struct cload_options *options = ledger->options;
    struct cload_result *result = ledger->result;
    const int64_t n = stream->pending_n;
    if (stream->next_n < 0) stream->next_n = n; /* a stream that began with a cursor */
    if (n == stream->next_n - 1) check_problem(ledger, stream, &result->doubled, 1, "an event twice");
    else if (n < stream->next_n) check_problem(ledger, stream, &result->misordered, 1, "an event out of order");
    else if (n > stream->next_n) check_problem(ledger, stream, &result->lost, (uint64_t)(n - stream->next_n), "events missing");
    if (n < stream->next_n) return;
    stream->next_n = n + 1;
    result->deliveries++;
    if (stream->pending_due < stream->opened_at && stream->opened_at > ledger->go_at) result->caught_up++;
    else if (!stream->slow) {
        const uint64_t latency = now > stream->pending_due ? now - stream->pending_due : 0;
        options->delivered(options->context, latency);
        if (n >= options->events) return;
        const size_t at = (size_t)stream->path * (size_t)options->events + (size_t)n;
        ledger->receipts[at]++;
        if (latency > ledger->latest[at]) ledger->latest[at] = latency;
    }
}

void check_block(struct ledger *ledger, struct stream *stream, uint64_t now) {
    ledger->result->blocks++;
    if (stream->done) check_problem(ledger, stream, &ledger->result->malformed, 1, "an event after [DONE]");
    check_id(ledger, stream);
    if (stream->pending_n >= 0) check_number(ledger, stream, now);
    if (!stream->pending_done) return;
    stream->done = true;
    if (ledger->options->wire == CLOAD_RAW) stream->state = STREAM_LAST;
}

void check_end(struct ledger *ledger, struct stream *stream) {
    struct cload_result *result = ledger->result;
    if (ledger->options->hold_seconds > 0) return;
    const int64_t received = stream->next_n < 0 ? 0 : stream->next_n;
    if (received < ledger->options->events) {
        check_problem(ledger, stream, &result->lost, (uint64_t)(ledger->options->events - received), "ended too early");
    } else if (received > ledger->options->events) {
        check_problem(ledger, stream, &result->malformed, 1, "more events than were written");
    }
    if (stream->done && stream->state == STREAM_LAST) result->finished++;
    else check_problem(ledger, stream, &result->unfinished, 1, "no [DONE] and last chunk");
}

/* An event counts as fanned out when each stream of its path has it; streams that came back in between make no figure. */
void check_fan_out(struct ledger *ledger) {
    const struct cload_options *options = ledger->options;
    for (int path = 0; path < options->path_count; path++) {
        for (int64_t n = 0; n < options->events; n++) {
            const size_t at = (size_t)path * (size_t)options->events + (size_t)n;
            if (ledger->viewers[path] > 0 && ledger->receipts[at] == ledger->viewers[path]) {
                options->fanned_out(options->context, ledger->latest[at]);
            }
        }
    }
}
