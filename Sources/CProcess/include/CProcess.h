#ifndef CPROCESS_H
#define CPROCESS_H
#include <features.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#endif
