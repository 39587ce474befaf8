#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *old, size_t bytes) {
    void *grown = realloc(old, bytes);
    if (!grown) exit(1);
    return grown;
}

void frames_init(struct frames *frames) {
    *frames = (struct frames){.room = 1 << 20, .starts_room = 1 << 10};
    frames->bytes = grown(NULL, frames->room);
    frames->starts = grown(NULL, frames->starts_room * sizeof *frames->starts);
    frames->starts[0] = 0;
}

static void put(struct frames *frames, const char *bytes, size_t length) {
    while (frames->count + length > frames->room) frames->bytes = grown(frames->bytes, frames->room *= 2);
    memcpy(frames->bytes + frames->count, bytes, length);
    frames->count += length;
}

/* "<hex>\r\nid: 7\ndata: <data>\n\n\r\n", as the server frames it. */
void frames_append(struct frames *frames, const char *data, size_t length) {
    char id[64], head[32];
    const int id_length = snprintf(id, sizeof id, "id: %zu\ndata: ", frames->ends + 1);
    const int head_length = snprintf(head, sizeof head, "%zx\r\n", (size_t)id_length + length + 2);
    put(frames, head, (size_t)head_length);
    put(frames, id, (size_t)id_length);
    put(frames, data, length);
    put(frames, "\n\n\r\n", 4);
    if (++frames->ends == frames->starts_room) {
        frames->starts_room *= 2;
        frames->starts = grown(frames->starts, frames->starts_room * sizeof *frames->starts);
    }
    frames->starts[frames->ends] = frames->count;
}

void frames_close(struct frames *frames) {
    static const char complete[] = "{\"event\": \"complete\", \"data\": {\"status\": \"succeeded\", \"job_id\": \"run_000000000000\"}}";
    frames_append(frames, complete, sizeof complete - 1);
    frames_append(frames, "[DONE]", 6);
    put(frames, "0\r\n\r\n", 5); /* belongs to the last frame */
    frames->starts[frames->ends] = frames->count;
}
