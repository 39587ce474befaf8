/* From bytes to events: the response head, chunks, lines of SSE. A chunk of the server's holds whole lines, which is checked: it is what lets a
 * proxy or a naive client read chunk by chunk. */
#define _GNU_SOURCE
#include "stream.h"

#include <stdlib.h>
#include <string.h>

static int64_t number_after(const char *text, size_t length, const char *key) {
    const size_t window = length < 160 ? length : 160; /* the emitter writes both numbers first */
    const char *at = memmem(text, window, key, strlen(key));
    return at ? (int64_t)strtoull(at + strlen(key), NULL, 10) : -1;
}

static void data_line(struct ledger *ledger, struct stream *stream, const char *text, size_t length) {
    if (stream->has_data) check_problem(ledger, stream, &ledger->result->malformed, 1, "two data lines in an event");
    stream->has_data = true;
    stream->pending_done = length == 6 && memcmp(text, "[DONE]", 6) == 0;
    stream->pending_n = number_after(text, length, "\"n\": ");
    stream->pending_due = stream->pending_n < 0 ? 0 : (uint64_t)number_after(text, length, "\"due\": ");
}

static void line(struct ledger *ledger, struct stream *stream, const char *text, size_t length, uint64_t now) {
    const bool strict = ledger->options->wire == CLOAD_CHUNKED;
    if (length == 0) {
        if (stream->has_data) check_block(ledger, stream, now);
        else if (strict) check_problem(ledger, stream, &ledger->result->malformed, 1, "a blank line without data before it");
        stream->has_data = false;
        stream->pending_id = 0;
    } else if (length > 6 && memcmp(text, "data: ", 6) == 0) {
        data_line(ledger, stream, text + 6, length - 6);
    } else if (length > 4 && memcmp(text, "id: ", 4) == 0) {
        stream->pending_id = (int64_t)strtoull(text + 4, NULL, 10);
    } else if (strict && text[0] != ':' && memcmp(text, "retry:", length < 6 ? length : 6) != 0) {
        check_problem(ledger, stream, &ledger->result->malformed, 1, "an unknown line");
    }
}

/* All lines of a chunk, or all whole lines of a raw body; returns the bytes they were. */
static size_t lines(struct ledger *ledger, struct stream *stream, const char *bytes, size_t count, uint64_t now) {
    size_t used = 0;
    while (used < count && stream->state != STREAM_LAST) {
        const char *end = memchr(bytes + used, '\n', count - used);
        if (!end) break;
        line(ledger, stream, bytes + used, (size_t)(end - bytes) - used, now);
        used = (size_t)(end - bytes) + 1;
    }
    return used;
}

static size_t head(struct ledger *ledger, struct stream *stream, const char *bytes, size_t count, uint64_t now) {
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return 0;
    const size_t length = (size_t)(end - bytes) + 4;
    if (length < 16 || memcmp(bytes, "HTTP/1.1 200", 12) != 0) {
        ledger->result->refused++;
        check_problem(ledger, stream, &ledger->result->malformed, 1, "refused");
        stream->state = STREAM_LAST;
        return count;
    }
    stream->state = STREAM_BODY;
    stream->opened_at = now;
    return length;
}

static int hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

static size_t chunk(struct ledger *ledger, struct stream *stream, const char *bytes, size_t count, uint64_t now) {
    size_t at = 0, size = 0;
    while (at < count && hex(bytes[at]) >= 0 && at < 8) size = size * 16 + (size_t)hex(bytes[at++]);
    if (at + 2 > count && at < 8) return 0;
    if (at == 0 || at >= 8 || bytes[at] != '\r' || bytes[at + 1] != '\n') {
        check_problem(ledger, stream, &ledger->result->malformed, 1, "no chunk size");
        stream->state = STREAM_LAST;
        return count;
    }
    const size_t start = at + 2;
    if (start + size + 2 > count) return 0;
    if (memcmp(bytes + start + size, "\r\n", 2) != 0) check_problem(ledger, stream, &ledger->result->malformed, 1, "no CR LF after a chunk");
    if (size == 0) stream->state = STREAM_LAST;
    else if (lines(ledger, stream, bytes + start, size, now) != size) {
        check_problem(ledger, stream, &ledger->result->malformed, 1, "a line goes beyond its chunk");
    }
    return start + size + 2;
}

size_t wire_feed(struct ledger *ledger, struct stream *stream, char *bytes, size_t count, uint64_t now) {
    size_t used = 0;
    while (used < count) {
        size_t unit;
        if (stream->state == STREAM_HEAD) unit = head(ledger, stream, bytes + used, count - used, now);
        else if (stream->state != STREAM_BODY) return count;
        else if (ledger->options->wire == CLOAD_RAW) unit = lines(ledger, stream, bytes + used, count - used, now);
        else unit = chunk(ledger, stream, bytes + used, count - used, now);
        if (unit == 0) break;
        used += unit;
    }
    return used;
}
