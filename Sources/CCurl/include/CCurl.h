#ifndef CCURL_H
#define CCURL_H
#include <features.h>
#include <curl/curl.h>
#endif
