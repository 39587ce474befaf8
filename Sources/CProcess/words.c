#include "CProcess.h"
#include <wordexp.h>

int rs_split_words(const char *text, char ***words, size_t *count) {
    wordexp_t split = { 0 };
    int code = wordexp(text, &split, WRDE_NOCMD | WRDE_UNDEF);
    if (code != 0) {
        if (code == WRDE_NOSPACE) wordfree(&split);
        return code;
    }
    *words = split.we_wordv;
    *count = split.we_wordc;
    return 0;
}

void rs_free_words(char **words, size_t count) {
    wordexp_t split = { .we_wordv = words, .we_wordc = count };
    wordfree(&split);
}

const char *rs_split_error(int code) {
    switch (code) {
    case WRDE_BADCHAR: return "it holds one of | & ; < > ( ) { } or a line break outside quotes; it is run without a shell";
    case WRDE_BADVAL: return "it names a variable that is not set";
    case WRDE_CMDSUB: return "command substitution is not allowed";
    case WRDE_NOSPACE: return "not enough memory";
    case WRDE_SYNTAX: return "a quote or brace is not closed";
    default: return "it cannot be split into words";
    }
}
