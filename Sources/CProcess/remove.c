#define _GNU_SOURCE
#include "CProcess.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * How many directories are open at once. A run may nest its own deeper than there are descriptors or stack: what lies deeper is moved
 * up to the top.
 */
enum { REMOVE_DEPTH = 32 };

struct removal {
    int top;
    unsigned moved;
};

static int move_up(struct removal *removal, int directory, const char *name) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        char fresh[32];
        snprintf(fresh, sizeof fresh, "moved-%u", removal->moved++);
        if (renameat(directory, name, removal->top, fresh) == 0) return 1;
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) return 0;
    }
    return 0;
}

/* By descriptors, so that a directory that is replaced by a link meanwhile is not followed. Returns whether anything was moved up. */
static int remove_entries(struct removal *removal, int directory, int depth) {
    fchmod(directory, 0700);
    DIR *stream = fdopendir(directory);
    if (!stream) {
        close(directory);
        return 0;
    }
    int has_moved = 0;
    for (struct dirent *entry; (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (unlinkat(dirfd(stream), name, 0) == 0 || (errno != EISDIR && errno != EPERM)) continue;
        fchmodat(dirfd(stream), name, 0700, 0);
        if (unlinkat(dirfd(stream), name, AT_REMOVEDIR) == 0) continue;
        if (depth == REMOVE_DEPTH) {
            has_moved |= move_up(removal, dirfd(stream), name);
            continue;
        }
        int inner = openat(dirfd(stream), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0) continue;
        has_moved |= remove_entries(removal, inner, depth + 1);
        unlinkat(dirfd(stream), name, AT_REMOVEDIR);
    }
    closedir(stream);
    return has_moved;
}

void rs_remove_tree(const char *path) {
    struct removal removal = { -1, 0 };
    for (int is_left = 1; is_left;) {
        int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0 && errno == EACCES && chmod(path, 0700) == 0) {
            directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (directory < 0) break;
        removal.top = fcntl(directory, F_DUPFD_CLOEXEC, 0);
        is_left = remove_entries(&removal, directory, 1);
        if (removal.top >= 0) close(removal.top);
    }
    rmdir(path);
}
